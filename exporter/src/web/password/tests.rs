use super::*;

/// By `htpasswd -bnBC 4`, and by Python's `bcrypt.hashpw`: none is by the library under test.
const VECTORS: [(&str, &str); 6] = [
    ("correct horse", "$2y$04$Vg83avL5xTT.4jua0n0zKeG2alFGI66ZMZ4PGo4vxtBWxHVvGPfvW"),
    ("correct horse", "$2y$05$P9sz9XNKyiR/WtOpYynAvO4Axu1QDKQdoyfLyoQNIL6PZiVlKdvpq"),
    ("correct horse", "$2b$04$K/LacJnsWEpp3p/ZxDoJP./dTIEzvoNFWC/lumNdjAhxlDghfhLde"),
    ("correct horse", "$2a$06$aYLNEWlSNMjJp.3Dqtwe7e9DUkCrRBvryPbL2P4FoZfajYLg18XWu"),
    ("pässwörd→pässwörd→", "$2b$04$sse2JLwYsbQXnCeMTCuWN.bjGc7VIHcy8EKvc85BoypbUGQDC1FNa"),
    ("", "$2b$04$JZG.7FTMFQbS0x8cQtCm8ujLpmA9awaJFv25mDPFm4iDodY7F2b2C"),
];

/// For 72 times x, the longest input of bcrypt; by Python's `bcrypt`.
const LONG: &str = "$2b$04$fUP3Lb9gL4M972LNG3OfQ.bZvynFmRFdPP1UOGTlJlGUk48xOzUIC";

fn secret(password: &[u8], hash: Option<&str>, highest_cost: u32) -> Secret {
    let hash = hash.map(|hash| Hash::parse(hash).unwrap());
    Secret { password: Zeroizing::new(password.into()), hash, highest_cost }
}

#[test]
fn others_hashes_are_understood() {
    for (password, hash) in VECTORS {
        let is_right = |password: &str| secret(password.as_bytes(), Some(hash), 6).is_right();
        assert!(is_right(password), "{hash}");
        assert!(!is_right("Correct horse") && !is_right("x"), "{hash}");
        assert!(!secret(password.as_bytes(), None, 4).is_right());
    }
    for (length, right) in [(71, false), (72, true), (73, true), (4_000, true)] {
        assert_eq!(secret(&vec![b'x'; length], Some(LONG), 4).is_right(), right, "{length}");
    }
    assert!(!secret(b"\xff\x00\xff", Some(LONG), 4).is_right());
}

#[test]
fn a_wrong_password_takes_the_same_steps_for_every_user() {
    for highest in MIN_COST..=MAX_COST {
        for cost in (MIN_COST..=highest).map(Some).chain([None]) {
            let own = cost.map_or(0, |cost| 1u64 << cost);
            let steps = own + missing(cost, highest).map(|cost| 1 << cost).sum::<u64>();
            assert_eq!(steps, 1 << highest, "{cost:?}");
        }
    }
}

fn address(last: u8) -> Client {
    Client::V4([192, 0, 2, last].into())
}

#[test]
fn right_passwords_are_remembered_for_their_client() {
    let passwords = Passwords::new().unwrap();
    let hashes = VECTORS.map(|(_, hash)| Hash::parse(hash).unwrap());
    let first = Attempt {
        client: address(1),
        user: b"alice",
        password: b"correct horse",
        hash: Some(&hashes[0]),
        highest_cost: 4,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(!passwords.is_remembered(&first));
    assert!(runtime.block_on(passwords.check(&first, true)).unwrap());
    assert!(passwords.is_remembered(&first));
    for other in [
        Attempt { client: address(2), ..first },
        Attempt { client: Client::Unknown, ..first },
        Attempt { user: b"alic", password: b"ecorrect horse", ..first },
        Attempt { password: b"correct horse ", ..first },
        Attempt { hash: Some(&hashes[1]), ..first },
        Attempt { hash: None, ..first },
    ] {
        assert!(!passwords.is_remembered(&other));
    }
    let wrong = Attempt { password: b"wrong", ..first };
    assert!(!runtime.block_on(passwords.check(&wrong, true)).unwrap());
    assert!(!passwords.is_remembered(&wrong) && passwords.is_remembered(&first));

    let mut remembered = lock(&passwords.remembered);
    for number in 0..2 * MAX_REMEMBERED as u64 {
        let client = Client::V6(number);
        remembered.add(&Attempt { client, ..first });
        assert!(remembered.tags.len() <= MAX_REMEMBERED);
        assert_eq!(remembered.tags.len(), remembered.order.len());
    }
}

fn job(password: &[u8]) -> (Job, oneshot::Receiver<bool>) {
    let (answer, answered) = oneshot::channel();
    (Job { secret: secret(password, None, 4), answer }, answered)
}

/// Clients without failures come first, and find room unless all others have none either.
#[test]
fn a_full_queue_is_first_closed_to_who_made_mistakes() {
    let mut queue = Queue::default();
    let mut waiting = Vec::new();
    let mut push = |queue: &mut Queue, name: u8, clean| {
        let (job, answered) = job(&[name]);
        let pushed = queue.push(job, clean);
        waiting.push(answered);
        pushed
    };
    for name in 0..16 {
        assert!(push(&mut queue, name, false));
    }
    assert!(!push(&mut queue, 16, false));
    for name in 100..116 {
        assert!(push(&mut queue, name, true), "{name}");
        assert_eq!(queue.clean.len() + queue.others.len(), MAX_WAITING);
    }
    assert!(!push(&mut queue, 116, true) && !push(&mut queue, 17, false));
    assert_eq!(queue.pop().unwrap().secret.password[..], [100]);
    assert!(push(&mut queue, 18, false));
    for name in (101..116).chain([18]) {
        assert_eq!(queue.pop().unwrap().secret.password[..], [name]);
    }
    assert!(queue.pop().is_none());
    // A client that no longer waits is no reason to turn others away.
    for name in 0..16 {
        assert!(push(&mut queue, name, true));
    }
    waiting.clear();
    let (job, _answered) = job(&[99]);
    assert!(queue.push(job, false));
    assert_eq!((queue.clean.len(), queue.others.len()), (0, 1));
}

#[test]
fn wrong_passwords_take_half_a_core_and_are_few() {
    for took in [0, 1, 99, 100, 120, 4_000] {
        let took = Duration::from_millis(took);
        let rest = rest(took);
        assert!(rest >= took && rest >= Duration::from_millis(100));
        assert!(rest <= took.max(Duration::from_millis(100)));
    }
}

/// From any number of addresses.
#[test]
fn one_wrong_password_after_the_other_is_hashed_and_slowly() {
    let passwords = Passwords::new().unwrap();
    let begin = Instant::now();
    let mut waiting: Vec<_> = (0..4)
        .map(|last| {
            let client = address(last);
            let attempt =
                Attempt { client, user: b"a", password: b"b", hash: None, highest_cost: 4 };
            passwords.enqueue(&attempt, true).unwrap()
        })
        .collect();
    let last = waiting.pop().unwrap();
    assert!(!last.blocking_recv().unwrap());
    assert!(begin.elapsed() >= 3 * MIN_REST);
    // By then, all before it had an answer.
    assert!(waiting.iter_mut().all(|answer| answer.try_recv() == Ok(false)));
}

/// The thread exists while it may be needed and no longer, and every waiting client gets an
/// answer.
#[test]
fn the_thread_ends_with_what_it_is_for() {
    let passwords = Passwords::new().unwrap();
    let attempt =
        Attempt { client: address(1), user: b"a", password: b"b", hash: None, highest_cost: 4 };
    assert!(!lock(&passwords.shared.queue).has_thread);
    let shared = Arc::downgrade(&passwords.shared);
    let mut waiting: Vec<_> =
        (0..MAX_WAITING).map(|_| passwords.enqueue(&attempt, true).unwrap()).collect();
    drop(passwords);
    // All jobs were dropped except the one in progress.
    let last = waiting.pop().unwrap();
    assert!(last.blocking_recv().is_err());
    while shared.strong_count() > 0 {
        thread::yield_now();
    }
}
