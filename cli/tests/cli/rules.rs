//! Rules that are made of a catalogue.

use crate::support::{Folder, failure, output, run, text};
use std::fs;

const CATALOGUE: &str = r#"{"tickmetrics_catalogue": 1, "service": "feed", "families": [
    {"name": "gaps_total", "kind": "counter", "from_start": true, "alerts": [
        {"name": "FeedGaps", "of": "rate", "is": {"above": 0.0}, "window_seconds": 300,
         "priority": "P1", "summary": "The feed has gaps."}]},
    {"name": "wait_seconds", "kind": "histogram", "from_start": true, "native": 3,
     "buckets": [0.001, 0.01], "objectives": [
        {"name": "wait", "objective": 0.999, "indicator": {"under": 0.001}}]}
]}"#;

#[test]
fn files_are_written_and_compared() {
    let folder = Folder::new("rules");
    let (catalogue, out) = (folder.file("feed.json"), folder.file("rules/generated"));
    fs::write(&catalogue, CATALOGUE).unwrap();
    let with = |more: &[&str]| {
        let arguments = [&["rules", text(&catalogue), "--out", text(&out)], more].concat();
        let output = run(&arguments);
        let streams = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
        (output.status.code(), streams)
    };
    let file = |name: &str| fs::read_to_string(out.join(name)).unwrap();

    let (status, [paths, told]) = with(&["--check"]);
    assert_eq!(status, Some(1));
    let names = ["feed.rules.yml", "feed.test.yml", "alertmanager.yml"];
    let expected = names.map(|name| out.join(name).display().to_string()).join("\n") + "\n";
    assert_eq!(paths, expected);
    assert_eq!(told, "tickmetrics: 3 files are not current: run this command without --check\n");
    assert!(!out.exists());

    assert_eq!(with(&[]), (Some(0), [String::new(), String::new()]));
    assert!(file("feed.rules.yml").contains("expr: rate(gaps_total[5m]) > 0\n"));
    assert!(
        file("feed.rules.yml")
            .contains("sum by (job) (rate(wait_seconds_bucket{le=\"0.001\"}[5m]))")
    );
    assert!(file("feed.test.yml").contains("alertname: FeedGaps\n"));
    assert!(file("alertmanager.yml").contains("webhook_configs, pagerduty_configs"));
    assert_eq!(with(&["--check"]), (Some(0), [String::new(), String::new()]));

    let options = ["--selector", "{job=\"feed\", env=\"prod\"}", "--by", "job", "--by", "env"];
    let more = ["--native", "--webhook", "http://localhost:8080/"];
    let options = [&options[..], &more].concat();
    let (status, [paths, _]) = with(&[&options[..], &["--check"]].concat());
    assert_eq!((status, paths), (Some(1), expected));
    assert_eq!(with(&options).0, Some(0));
    let rules = file("feed.rules.yml");
    assert!(rules.contains("rate(gaps_total{env=\"prod\", job=\"feed\"}[5m])"), "{rules}");
    assert!(rules.contains("histogram_fraction(0, 0.001, sum by (job, env) (rate("), "{rules}");
    assert!(file("alertmanager.yml").contains("- url: \"http://localhost:8080/\"\n"));
}

#[test]
fn what_makes_no_rule_is_trouble() {
    let folder = Folder::new("rules-wrong");
    let (catalogue, out) = (folder.file("feed.json"), folder.file("rules"));
    let told = |json: &str, more: &[&str]| {
        fs::write(&catalogue, json).unwrap();
        let arguments = [&["rules", text(&catalogue), "--out", text(&out)], more].concat();
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let twice = CATALOGUE.replace("0.999", "0.5").replace("under\": 0.001", "under\": 0.002");
    let said = told(&twice, &[]);
    assert!(said.contains("feed: wait_seconds: the objective wait is 50 %"), "{said}");
    assert!(
        said.contains("0.002, which is no bucket edge: add it, or take one of 0.001, 0.01"),
        "{said}"
    );
    assert!(
        said.ends_with("tickmetrics: 2 declarations make no rule, and nothing is written\n"),
        "{said}"
    );
    assert!(!out.exists());
    let said = told(CATALOGUE, &["--selector", "job=~\"feed\""]);
    assert!(said.contains("job=~\"feed\""), "{said}");
    let said = told("{}", &[]);
    assert!(said.contains("this is no catalogue"), "{said}");
    fs::write(&catalogue, CATALOGUE).unwrap();
    let said = failure(&["rules", text(&catalogue), "--out", "/dev/null/rules"]);
    assert!(said.contains("can't be written: Not a directory"), "{said}");
    let empty = r#"{"tickmetrics_catalogue": 1, "service": "feed", "families": []}"#;
    fs::write(&catalogue, empty).unwrap();
    assert_eq!(output(&["rules", text(&catalogue), "--out", text(&out)]), "");
    assert!(fs::read_to_string(out.join("feed.rules.yml")).unwrap().ends_with("groups: []\n"));
}

#[test]
fn files_of_others_are_kept() {
    let folder = Folder::new("rules-others");
    let (catalogue, out) = (folder.file("feed.json"), folder.file("rules"));
    fs::write(&catalogue, CATALOGUE).unwrap();
    let arguments = ["rules", text(&catalogue), "--out", text(&out)];
    let names = || {
        let mut names: Vec<_> =
            fs::read_dir(&out).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        names
    };
    fs::create_dir(&out).unwrap();
    let own = out.join("alertmanager.yml");
    fs::write(&own, "route: {receiver: mine}\n").unwrap();
    let said = failure(&arguments);
    assert!(said.contains("alertmanager.yml can't be written: it is there, and is not made"));
    assert_eq!(fs::read_to_string(&own).unwrap(), "route: {receiver: mine}\n");
    assert_eq!(names(), ["alertmanager.yml"]);

    fs::remove_file(&own).unwrap();
    fs::create_dir(&own).unwrap();
    let said = failure(&arguments);
    assert!(said.contains("alertmanager.yml can't be written: it is there, and is no file"));
    assert_eq!(names(), ["alertmanager.yml"]);

    fs::remove_dir(&own).unwrap();
    let runs = [0, 1, 2, 3].map(|_| {
        let arguments = arguments.map(str::to_owned);
        std::thread::spawn(move || run(&arguments.each_ref().map(String::as_str)).status.code())
    });
    for run in runs {
        assert_eq!(run.join().unwrap(), Some(0));
    }
    assert_eq!(names(), ["alertmanager.yml", "feed.rules.yml", "feed.test.yml"]);
    assert_eq!(run(&[&arguments[..], &["--check"]].concat()).status.code(), Some(0));
}
