//! Updates the generated parts of a document, between `<!-- REPORT: PART -->` and
//! `<!-- REPORT: end -->`.

use std::fs;
use std::path::Path;

/// Updates the file's parts of a report, each with its name.
///
/// # Errors
/// If the file can't be read or written, has none of the parts, or one has no end.
pub(crate) fn update(path: &Path, report: &str, parts: &[(&str, String)]) -> Result<(), String> {
    let error = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut text = fs::read_to_string(path).map_err(|it| error(&it))?;
    let mut found = false;
    for (name, part) in parts {
        if let Some(renewed) = replace(&text, report, name, part).map_err(|it| error(&it))? {
            text = renewed;
            found = true;
        }
    }
    if !found {
        return Err(error(&"it has no part to renew"));
    }
    fs::write(path, text).map_err(|it| error(&it))
}

/// The text with a part replaced; `None` if it has no such part.
fn replace(text: &str, report: &str, name: &str, part: &str) -> Result<Option<String>, String> {
    let (start, end) = (format!("<!-- {report}: {name} -->"), format!("<!-- {report}: end -->"));
    let Some((before, rest)) = text.split_once(&start) else { return Ok(None) };
    let (_, after) =
        rest.split_once(&end).ok_or_else(|| format!("after {start}, {end} is missing"))?;
    Ok(Some(format!("{before}{start}\n\n{}\n\n{end}{after}", part.trim())))
}

#[cfg(test)]
mod tests {
    use super::replace;

    #[test]
    fn a_part_is_replaced_between_its_marks() {
        let text = "a\n<!-- overhead: goals -->\nold\n<!-- overhead: end -->\nb";
        let new = "a\n<!-- overhead: goals -->\n\nnew\n\n<!-- overhead: end -->\nb";
        assert_eq!(replace(text, "overhead", "goals", "new\n").unwrap().as_deref(), Some(new));
        assert_eq!(replace(text, "overhead", "tables", "new").unwrap(), None);
        assert!(replace("<!-- overhead: goals -->", "overhead", "goals", "new").is_err());
    }
}
