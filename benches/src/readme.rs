//! Renews the generated parts of a README: what stands between `<!-- overhead: PART -->` and
//! `<!-- overhead: end -->`.

use crate::report::Parts;
use std::fs;
use std::path::Path;

const END: &str = "<!-- overhead: end -->";

/// # Errors
/// A sentence, where the file can't be read or written, or a part has no end.
pub(crate) fn update(path: &Path, parts: &Parts) -> Result<(), String> {
    let error = |error| format!("{}: {error}", path.display());
    let mut text = fs::read_to_string(path).map_err(error)?;
    for (name, part) in
        [("machine", &parts.machine), ("tables", &parts.tables), ("goals", &parts.goals)]
    {
        text = replace(&text, name, part)?;
    }
    fs::write(path, text).map_err(error)
}

/// The text with a part replaced; as it is, where it has no such part.
fn replace(text: &str, name: &str, part: &str) -> Result<String, String> {
    let start = format!("<!-- overhead: {name} -->");
    let Some((before, rest)) = text.split_once(&start) else { return Ok(text.to_owned()) };
    let (_, after) =
        rest.split_once(END).ok_or_else(|| format!("after {start}, {END} is missing"))?;
    Ok(format!("{before}{start}\n\n{}\n\n{END}{after}", part.trim()))
}

#[cfg(test)]
mod tests {
    use super::replace;

    #[test]
    fn a_part_is_replaced_between_its_marks() {
        let text = "a\n<!-- overhead: goals -->\nold\n<!-- overhead: end -->\nb";
        let new = "a\n<!-- overhead: goals -->\n\nnew\n\n<!-- overhead: end -->\nb";
        assert_eq!(replace(text, "goals", "new\n").unwrap(), new);
        assert_eq!(replace(text, "tables", "new").unwrap(), text);
        assert!(replace("<!-- overhead: goals -->", "goals", "new").is_err());
    }
}
