//! The methods in an encoded `FileDescriptorSet`: <https://protobuf.dev/programming-guides/encoding/>.

use std::error::Error;
use std::fmt;

/// The bytes are not an encoded `FileDescriptorSet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DescriptorError(());

impl fmt::Display for DescriptorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "these bytes are no FileDescriptorSet: give the contents of the file that \
             `protoc --descriptor_set_out` or `file_descriptor_set_path` of tonic's build writes",
        )
    }
}

impl Error for DescriptorError {}

// Field numbers of google/protobuf/descriptor.proto.
const FILE: u64 = 1;
const PACKAGE: u64 = 2;
const SERVICE: u64 = 6;
const NAME: u64 = 1;
const METHOD: u64 = 2;

/// The paths of all methods, `/package.Service/Method`.
pub(crate) fn methods(encoded: &[u8]) -> Result<Vec<String>, DescriptorError> {
    let mut paths = Vec::new();
    for file in fields(encoded, FILE)? {
        let package = match text(file, PACKAGE)? {
            "" => String::new(),
            package => format!("{package}."),
        };
        for service in fields(file, SERVICE)? {
            let name = text(service, NAME)?;
            for method in fields(service, METHOD)? {
                paths.push(format!("/{package}{name}/{}", text(method, NAME)?));
            }
        }
    }
    Ok(paths)
}

/// A field of text; empty if it is not there.
fn text(message: &[u8], number: u64) -> Result<&str, DescriptorError> {
    let last = fields(message, number)?.pop().unwrap_or_default();
    std::str::from_utf8(last).map_err(|_| DescriptorError(()))
}

/// All fields of a number, each a message or a text.
fn fields(message: &[u8], number: u64) -> Result<Vec<&[u8]>, DescriptorError> {
    let mut rest = message;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let field = next(&mut rest).ok_or(DescriptorError(()))?;
        found.extend(field.filter(|(of, _)| *of == number).map(|(_, bytes)| bytes));
    }
    Ok(found)
}

/// The next field: its number and bytes, or nothing for a field that is a number.
#[expect(clippy::option_option, reason = "no field, or one without bytes")]
fn next<'a>(rest: &mut &'a [u8]) -> Option<Option<(u64, &'a [u8])>> {
    let tag = varint(rest)?;
    let mut skip = |length: usize| {
        let (bytes, after) = rest.split_at_checked(length)?;
        *rest = after;
        Some(bytes)
    };
    match tag & 7 {
        0 => varint(rest).map(|_| None),
        1 => skip(8).map(|_| None),
        2 => {
            let length = usize::try_from(varint(rest)?).ok()?;
            let (bytes, after) = rest.split_at_checked(length)?;
            *rest = after;
            Some(Some((tag >> 3, bytes)))
        }
        5 => skip(4).map(|_| None),
        _ => None,
    }
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_have_their_package_and_service() {
        let method = b"\x0a\x03Get\x20\x01";
        let mut service = b"\x0a\x06Orders\x12".to_vec();
        service.push(u8::try_from(method.len()).unwrap());
        service.extend(method);
        let mut file = b"\x0a\x01f\x12\x01a\x32".to_vec();
        file.push(u8::try_from(service.len()).unwrap());
        file.extend(service);
        let mut set = vec![0x0a, u8::try_from(file.len()).unwrap()];
        set.extend(file);
        assert_eq!(methods(&set).unwrap(), ["/a.Orders/Get"]);
        for end in 1..set.len() {
            assert_eq!(methods(&set[..end]), Err(DescriptorError(())), "{end} bytes");
        }
        assert_eq!(methods(&[]), Ok(vec![]));
        assert!(methods(&[0xff; 20]).is_err());
    }
}
