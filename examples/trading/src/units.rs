//! Prices and quantities as integers, so that a book's levels compare exactly.

/// A price in hundred-millionths of the quote currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Price(pub(crate) i64);

/// A quantity in thousandths of the base asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lots(pub(crate) u64);

impl Price {
    const DECIMALS: u32 = 8;
    const PER_UNIT: f64 = 1e8;

    /// `"61800.20"`; `None` for text that is not a price above 0.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let units = i64::try_from(decimal(text, Self::DECIMALS)?).ok()?;
        (units > 0).then_some(Self(units))
    }

    pub(crate) fn to_f64(self) -> f64 {
        self.0 as f64 / Self::PER_UNIT
    }
}

impl Lots {
    const DECIMALS: u32 = 3;
    const PER_UNIT: f64 = 1e3;

    /// `"2.507"`; `None` for text that is not a quantity.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        decimal(text, Self::DECIMALS).map(Self)
    }

    pub(crate) fn to_f64(self) -> f64 {
        self.0 as f64 / Self::PER_UNIT
    }

    /// As many whole lots as `money` buys at `price`, and at least one.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    pub(crate) fn worth(money: f64, price: Price) -> Self {
        Self(((money / price.to_f64() * Self::PER_UNIT) as u64).max(1))
    }
}

/// A decimal number without a sign, times ten to the power of `decimals`. Further digits are cut
/// off; `None` for other text or if it is too large.
fn decimal(text: &str, decimals: u32) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let digit = |position: u32| {
        let digit = fraction.as_bytes().get(position as usize).map_or(0, |byte| byte - b'0');
        u64::from(digit)
    };
    (0..decimals).try_fold(whole.parse().ok()?, |number: u64, position| {
        number.checked_mul(10)?.checked_add(digit(position))
    })
}

#[cfg(test)]
mod tests {
    use super::{Lots, Price};

    #[test]
    fn decimals_are_exact() {
        assert_eq!(Price::parse("61800.20"), Some(Price(6_180_020_000_000)));
        assert_eq!(Price::parse("0.00000001"), Some(Price(1)));
        assert_eq!(Lots::parse("2.507"), Some(Lots(2_507)));
        assert_eq!(Lots::parse("2"), Some(Lots(2_000)));
        assert_eq!(Lots::parse("0.0019"), Some(Lots(1)));
    }

    #[test]
    fn invalid_numbers_are_refused() {
        for text in ["", ".", ".5", "-1", "+1", "1e3", "1.2.3", "1,5", " 1", "NaN", "1.-5"] {
            assert_eq!(Lots::parse(text), None, "{text}");
        }
        assert_eq!(Price::parse("0"), None);
        assert_eq!(Price::parse("92233720368.54775808"), None);
        assert_eq!(Price::parse("99999999999999999999999"), None);
    }
}
