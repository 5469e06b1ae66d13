//! Days of the Gregorian calendar.

use std::fmt;
use std::str::FromStr;
use tickmetrics_collector::__cli::date;

/// The days since 1970. As text: `2026-11-29`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day(pub(crate) i64);

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<i64> = text.split('-').filter_map(|part| part.parse().ok()).collect();
        let day = match parts[..] {
            [year, month @ 1..=12, day @ 1..=31] if (1970..=9999).contains(&year) => {
                number(year, month, day)
            }
            _ => -1,
        };
        // The 31st of February is not what it comes to.
        if day >= 0 && Self(day).to_string() == text {
            Ok(Self(day))
        } else {
            Err(format!("{text:?} is no day: write it as 2026-11-29, from 1970 on"))
        }
    }
}

/// <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>
fn number(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that a leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    #[test]
    fn days_are_those_of_the_calendar() {
        // From Python's datetime.date.
        for (text, number) in [
            ("1970-01-01", 0),
            ("2000-02-29", 11_016),
            ("2026-11-29", 20_786),
            ("9999-12-31", 2_932_896),
        ] {
            assert_eq!(text.parse(), Ok(Day(number)));
            assert_eq!(Day(number).to_string(), text);
        }
        for day in 0..200_000 {
            assert_eq!(Day(day).to_string().parse(), Ok(Day(day)));
        }
        for wrong in
            ["", "2026", "2026-2-3", "2026-02-29", "1969-12-31", "2026-13-01", "2026-11-29-1"]
        {
            wrong.parse::<Day>().expect_err(wrong);
        }
    }
}
