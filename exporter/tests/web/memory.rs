//! The remains of a password in the exporter's memory, which is searched from outside.

use crate::support::{Folder, curl};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use tests::processes::{Other, command};
use tests::programs::skip;

/// The allocator overwrites the beginning of freed memory. So the password is longer, and the test
/// looks for its end. Its hash is by Python's `bcrypt`.
const PASSWORD: &str = "pässwörd→pässwörd→";
const END: &str = "sswörd→";
const HASH: &str = "$2b$04$sse2JLwYsbQXnCeMTCuWN.bjGc7VIHcy8EKvc85BoypbUGQDC1FNa";

/// Beyond that, a mapping is set aside for metrics.
const LARGEST_HEAP: u64 = 1 << 30;

/// How often each of them is in memory that the process may write.
///
/// `None` where no process may look into another one; the skip is reported.
fn found<const N: usize>(process: u32, needles: [&[u8]; N]) -> Option<[usize; N]> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = match File::open(format!("/proc/{process}/mem")) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            skip("the system lets no process look into another one (kernel.yama.ptrace_scope)");
            return None;
        }
        opened => opened.unwrap(),
    };
    let mut found = [0; N];
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (range, _) = line.split_once(' ').unwrap();
        let (begin, end) = range.split_once('-').unwrap();
        let [begin, end] = [begin, end].map(|it| u64::from_str_radix(it, 16).unwrap());
        if end - begin > LARGEST_HEAP {
            continue;
        }
        let mut bytes = vec![0; usize::try_from(end - begin).unwrap()];
        memory.read_exact_at(&mut bytes, begin).unwrap();
        for (found, needle) in found.iter_mut().zip(needles) {
            *found += bytes.windows(needle.len()).filter(|it| *it == needle).count();
        }
    }
    Some(found)
}

/// In the libraries' buffers it is, as it was sent: encoded.
#[test]
fn a_decoded_password_is_erased() {
    let tls = "tls_server_config: { cert_file: server.pem, key_file: server.key }\n";
    for (scheme, tls) in [("http", ""), ("https", tls)] {
        let folder = Folder::new("memory");
        folder.write("web.yml", &format!("{tls}basic_auth_users: {{ alice: {HASH} }}"));
        let file = folder.text("web.yml");
        let mut other = Other::of(command(&[], "", file.as_ref()));
        let port = other.says().rsplit_once(':').unwrap().1.to_owned();
        for _ in 0..3 {
            let answer = curl(&format!("{scheme}://localhost:{port}/metrics"), |all| {
                let (ca, user) = (folder.text("ca.pem"), format!("alice:{PASSWORD}"));
                all.extend(["--cacert".into(), ca, "--user".into(), user]);
            });
            let Some(answer) = answer else { return };
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        let needles = [file.as_bytes(), END.as_bytes()];
        let Some([path, password]) = found(other.child.id(), needles) else { return };
        assert!(path > 0, "nothing is found");
        assert_eq!(password, 0, "{scheme}");
    }
}
