//! Files of others, and invalid files, beside good ones.

use crate::serve::{Serving, has};
use crate::support::{Folder, Writer, text};
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, chown, lchown, symlink};
use std::path::Path;
use tests::hollow::{COUNTER, GAUGE, HISTOGRAM, Hollow, on_disk};
use tests::programs::skip;

/// Users that are not this one.
const STRANGER: u32 = 54_321;
const OTHER: u32 = 54_322;

/// Makes a file a stranger's. Only root can: otherwise the answer is false.
fn give_away(file: &Path, user: u32) -> bool {
    let given = lchown(file, Some(user), None).is_ok();
    if !given {
        skip("files can't be given to others: run as root");
    }
    given
}

/// The counts of an ended process, in a file.
fn left_behind(role: &str, file: &Path) {
    drop(Writer::start(role, file));
}

#[test]
fn files_of_others_are_served_where_they_are_named() {
    let folder = Folder::new("strangers");
    let (feed, theirs) = (folder.file("feed.metrics"), folder.file("a.metrics"));
    left_behind("gateway", &feed);
    left_behind("other", &theirs);
    if !give_away(&theirs, STRANGER) {
        return;
    }
    let user = STRANGER.to_string();
    let pattern = format!("{}/*.metrics", folder.path().display());
    for paths in [&pattern[..], text(folder.path())] {
        let serving = Serving::start(&[paths]);
        let body = serving.scrape();
        assert!(!body.contains("process=\"a\""), "{body}");
        assert!(has(&body, "limit{process=\"feed\"} 99.5"), "{body}");
        assert!(has(&body, "tickmetrics_serve_refused_segments 1"), "{body}");
        serving.scrape();
        let said = serving.end();
        assert_eq!(said.matches(&format!("--user {user}")).count(), 1, "{said}");

        let serving = Serving::start(&[paths, "--user", &user]);
        let body = serving.scrape();
        assert!(has(&body, "orders_total{process=\"a\",side=\"sell\"} 4"), "{body}");
        assert!(has(&body, "tickmetrics_serve_refused_segments 0"), "{body}");
    }
}

/// A stranger's file comes first in the folder, and has a name and a metric of a good one.
#[test]
fn a_stranger_takes_no_metric_and_no_name_away() {
    let folder = Folder::new("clash");
    let (first, second) = (folder.file("1"), folder.file("2"));
    fs::create_dir(&first).unwrap();
    fs::create_dir(&second).unwrap();
    let (theirs, own) = (first.join("feed.metrics"), second.join("feed.metrics"));
    left_behind("other", &theirs);
    if !give_away(&theirs, STRANGER) {
        return;
    }
    let pattern = format!("{}/*/*.metrics", folder.path().display());
    let serving = Serving::start(&[&pattern, "--user", "any"]);
    let body = serving.scrape();
    assert!(has(&body, "limit{process=\"feed\"} 1"), "{body}");
    // The stranger's file was served before. It gives up its name and the family.
    left_behind("gateway", &own);
    let body = serving.scrape();
    let path = text(&theirs);
    for line in [
        "limit{process=\"feed\"} 99.5",
        "orders_total{process=\"feed\",side=\"buy\"} 3",
        &format!("orders_total{{process=\"{path}\",side=\"sell\"}} 4"),
        "tickmetrics_serve_left_out_families 1",
        &format!(
            "tickmetrics_serve_left_out{{process=\"{path}\",family=\"limit\",reason=\"type\"}} 1"
        ),
    ] {
        assert!(has(&body, line), "{line} is not in\n{body}");
    }
    let said = serving.end();
    for what in [format!("{path} is served with"), format!("limit of {path} is left out")] {
        assert!(said.contains(&what), "{what} is not in\n{said}");
    }
    // Of two strangers, the one named first comes first, whatever the names of the files are.
    let third = folder.file("3");
    fs::create_dir(&third).unwrap();
    let others = third.join("feed.metrics");
    fs::rename(&own, &others).unwrap();
    give_away(&others, OTHER);
    let users = ["--user", &OTHER.to_string(), "--user", "any"];
    let body = Serving::start(&[&[&*pattern][..], &users].concat()).scrape();
    assert!(has(&body, "limit{process=\"feed\"} 99.5"), "{body}");
}

#[test]
fn nobody_else_decides_what_a_name_means() {
    let folder = Folder::new("ways");
    let (real, link) = (folder.file("feed"), folder.file("a.metrics"));
    let inner = folder.file("inner");
    fs::create_dir(&inner).unwrap();
    left_behind("gateway", &real);
    fs::copy(&real, inner.join("b.metrics")).unwrap();
    symlink(&real, &link).unwrap();
    let own = Serving::start(&[text(&link), text(&inner)]);
    let body = own.scrape();
    assert!(has(&body, "limit{process=\"a\"} 99.5") && has(&body, "limit{process=\"b\"} 99.5"));
    drop(own);
    if !give_away(&link, STRANGER) {
        return;
    }
    chown(&inner, Some(STRANGER), None).unwrap();
    let serving = Serving::start(&[text(&link), text(&inner)]);
    let body = serving.scrape();
    assert!(!body.contains("limit{"), "{body}");
    assert!(has(&body, "tickmetrics_serve_refused_segments 2"), "{body}");
    let said = serving.end();
    for what in ["a.metrics is user 54321's", "inner is user 54321's"] {
        assert!(said.contains(what), "{what} is not in\n{said}");
    }
}

/// Kilobytes that a process had in memory at most.
fn peak_memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

#[test]
fn a_file_that_asks_for_much_is_one_error() {
    let folder = Folder::new("hollow");
    left_behind("gateway", &folder.file("feed.metrics"));
    let serving = Serving::start(&[text(folder.path())]);
    serving.scrape();
    let before = peak_memory(serving.id());
    let pattern = format!("{}/*.metrics", folder.path().display());
    let serving = Serving::start(&[&pattern]);
    let mut bytes = Vec::new();
    for (at, (kind, labels)) in [
        (COUNTER, &[4096, 4096][..]),
        (COUNTER, &[16_384, 16_384]),
        (GAUGE, &[4096, 4096]),
        (HISTOGRAM, &[4096, 1024]),
    ]
    .into_iter()
    .enumerate()
    {
        let file = folder.file(&format!("a{at}.metrics"));
        let hollow = Hollow { kind, labels, shards: 2, edges: false };
        bytes.push((file.clone(), hollow.write(&file)));
    }
    let body = serving.scrape();
    assert!(has(&body, "limit{process=\"feed\"} 99.5"), "{body}");
    assert!(has(&body, "tickmetrics_serve_unreadable_segments 4"), "{body}");
    let more = peak_memory(serving.id()).saturating_sub(before);
    assert!(more < 64 << 10, "{more} kB");
    let said = serving.end();
    for (file, bytes) in bytes {
        assert!(said.contains(&format!("{} is not read", file.display())), "{said}");
        assert_eq!(on_disk(&file), bytes, "{}", file.display());
    }
}

#[test]
fn a_file_that_is_cut_short_meanwhile_ends_nothing() {
    let folder = Folder::new("serve-cut");
    let (feed, cut) = (folder.file("feed.metrics"), folder.file("cut.metrics"));
    left_behind("gateway", &feed);
    fs::copy(&feed, &cut).unwrap();
    let bytes = fs::read(&cut).unwrap();
    let serving = Serving::start(&[text(&feed), text(&cut)]);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let file = File::options().write(true).open(&cut).unwrap();
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                file.set_len(4096).unwrap();
                file.set_len(bytes.len() as u64).unwrap();
                file.write_all_at(&bytes[..256 << 10], 0).unwrap();
            }
        });
        for _ in 0..5 {
            let body = serving.scrape();
            assert!(has(&body, "limit{process=\"feed\"} 99.5"), "{body}");
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

/// A stranger's files beyond the share are left out; the user's own are not.
#[test]
fn files_together_have_limits() {
    let folder = Folder::new("together");
    let own = folder.file("z.metrics");
    left_behind("other", &folder.file("0.metrics"));
    for n in 1..6 {
        fs::copy(folder.file("0.metrics"), folder.file(&format!("{n}.metrics"))).unwrap();
    }
    for n in 0..6 {
        if !give_away(&folder.file(&format!("{n}.metrics")), STRANGER) {
            return;
        }
    }
    left_behind("gateway", &own);
    let pattern = format!("{}/*.metrics", folder.path().display());
    let start = |more: &[&str]| Serving::start(&[&[&*pattern, "--user", "any"][..], more].concat());
    // A quarter of eight, and one's own.
    let serving = start(&["--max-files", "8"]);
    let body = serving.scrape();
    for line in [
        "tickmetrics_serve_segments 3",
        "tickmetrics_serve_refused_segments 4",
        "limit{process=\"z\"} 99.5",
    ] {
        assert!(has(&body, line), "{line} is not in\n{body}");
    }
    let said = serving.end();
    assert_eq!(said.matches("raise --max-files").count(), 1, "{said}");

    // 4,096 series of some hundred bytes each: a quarter of a quarter of 4 MiB has no room for them.
    for n in 0..6 {
        let file = folder.file(&format!("{n}.metrics"));
        fs::remove_file(&file).unwrap();
        Hollow { kind: COUNTER, labels: &[64, 64], shards: 2, edges: false }.write(&file);
        give_away(&file, STRANGER);
    }
    let serving = start(&["--max-memory", "4"]);
    let body = serving.scrape();
    for line in ["limit{process=\"z\"} 99.5", "tickmetrics_serve_left_out_families 6"] {
        assert!(has(&body, line), "{line} is not in\n{body}");
    }
    assert!(!body.contains("\na{"), "{body}");
    assert!(serving.end().contains("too long; raise --max-memory"));
}
