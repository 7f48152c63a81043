//! `weir plugin check`: what it says of good plugins, and that it refuses what `weir replay` refuses, with the same words.

use crate::deepflow_guest::Guest;
use crate::program::{Folder, Run, command, weir};
use crate::support::{bad_plugin, echo, echo_capture, plugin};

#[test]
fn a_good_plugin_is_told_whole() {
    let run = weir(["plugin", "check", &echo()]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let line = |name: &str| {
        let line = run.stdout.lines().find(|line| line.trim_start().starts_with(name)).expect(name);
        line.trim_start()[name.len()..].trim().to_owned()
    };
    assert!(run.stdout.lines().next().unwrap().ends_with("echo.wasm: the host takes it"), "{}", run.stdout);
    assert!(line("plugin ").starts_with("echo "), "{}", run.stdout);
    assert_eq!((line("exports").as_str(), line("protocols").as_str()), ("parser", "Echo"));
    assert_eq!(line("signature"), r#"tcp, any port: "PING ", "PONG ", "FAIL " at byte 0"#);
    assert!(line("memory").contains("the host gives up to 64 MiB"), "{}", run.stdout);
    assert!(line("file").starts_with("core module, "), "{}", run.stdout);
    assert!(!run.stdout.contains('\x1b'), "colours only on a terminal");
}

/// It uses the folder of compiled code that a replay uses, and says so.
#[test]
fn what_was_compiled_once_comes_from_the_cache() {
    let folder = Folder::new("tools_cache");
    let cache = folder.path("cache");
    let check = |format: &str| {
        let mut check = command();
        check.env("XDG_CACHE_HOME", &cache).args(["plugin", "check", "--format", format, &echo()]);
        Run::of(check.output().unwrap())
    };
    let text = check("text").stdout;
    assert!(text.contains(" ms (compiled)\n"), "{text}");
    let text = check("text").stdout;
    assert!(text.contains(" ms (from the cache)\n"), "{text}");
    assert_eq!(check("jsonl").logs()[0]["from_cache"], true);

    std::fs::remove_dir_all(&cache).unwrap();
    let mut replay = command();
    replay.env("XDG_CACHE_HOME", &cache).args(["replay", &echo_capture(&folder), "--plugin", &echo()]);
    assert_eq!(Run::of(replay.output().unwrap()).status, 0);
    assert_eq!(check("jsonl").logs()[0]["from_cache"], true, "the code that a replay compiled");
}

#[test]
fn json_has_the_same_facts() {
    let run = weir(["plugin", "check", "--format", "jsonl", &echo()]);
    let [facts] = run.logs().try_into().unwrap();
    assert_eq!(facts["name"], "echo");
    assert_eq!(facts["exports"], serde_json::json!(["parser"]));
    assert_eq!(facts["signatures"][0]["any_of"], serde_json::json!(["PING ", "PONG ", "FAIL "]));
    assert_eq!(facts["memory_limit"], 64 << 20);
    assert!(facts.get("refused").is_none(), "{facts}");
}

#[test]
fn hooks_are_told_with_what_they_want() {
    let run = weir(["plugin", "check", &plugin("json-status")]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stdout.contains("  exports      http-hook\n"), "{}", run.stdout);
    assert!(run.stdout.contains("  http-hook    HTTP"), "{}", run.stdout);
    assert!(!run.stdout.contains("signature") && !run.stdout.contains("protocols"), "{}", run.stdout);
    let [facts] =
        weir(["plugin", "check", "--format", "jsonl", &plugin("json-status")]).logs().try_into().unwrap();
    assert_eq!((&facts["hooks"][0]["hook"], &facts["hooks"][0]["responses"]), (&"http".into(), &true.into()));
}

#[test]
fn a_module_for_deepflow_is_known_as_one() {
    let folder = Folder::new("tools_deepflow");
    let file = folder.file("old-plugin.wasm", wat::parse_str(Guest::default().text()).unwrap());
    let [facts] = weir(["plugin", "check", "--format", "jsonl", &file]).logs().try_into().unwrap();
    assert_eq!(
        (&facts["kind"], &facts["name"]),
        (&"module for DeepFlow's agent".into(), &"deepflow-old-plugin".into())
    );
    let exports = facts["exports"].as_array().unwrap();
    assert!(exports.contains(&"parser".into()) && exports.contains(&"http-hook".into()), "{facts}");
    assert_eq!(weir(["plugin", "check", &file]).status, 0);
}

/// The words behind the file's name are those that a replay with that plugin ends with.
#[test]
fn what_the_host_refuses_is_refused_in_its_words() {
    let folder = Folder::new("tools_refused");
    let capture = echo_capture(&folder);
    let text = folder.file("text.wasm", "this is no plugin");
    let cut = folder.file("cut.wasm", &std::fs::read(echo()).unwrap()[..1000]);
    let guests =
        ["huge-memory", "no-process", "wrong-type", "trap-in-describe", "loop-in-start", "import-file"];
    for file in guests.map(|name| bad_plugin(&folder, name)).into_iter().chain([text, cut]) {
        let run = weir(["plugin", "check", &file]);
        assert_eq!(run.status, 1, "{file}");
        let refusal = run.refusal();
        assert!(refusal.starts_with(&format!("plugin: {file}: ")), "{refusal}");
        assert_eq!(refusal, weir(["replay", &capture, "--plugin", &file]).refusal());
        let json = weir(["plugin", "check", "--format", "jsonl", &file]);
        let [facts] = json.logs().try_into().unwrap();
        assert_eq!(json.status, 1);
        assert!(refusal.ends_with(facts["refused"].as_str().unwrap()), "{facts}");
    }
}

#[test]
fn refusals_say_what_is_wrong() {
    let folder = Folder::new("tools_words");
    for (guest, words) in [
        ("huge-memory", "wants 134217728 bytes of memory at once, the limit is 67108864"),
        ("no-process", "does not export `weir:plugin/parser@0.1.0#process`"),
        ("wrong-type", "expected a function"),
        ("trap-in-describe", "breaks in `describe`"),
    ] {
        let file = bad_plugin(&folder, guest);
        assert!(weir(["plugin", "check", &file]).refusal().contains(words), "{guest}");
    }
    assert!(weir(["plugin", "check", &folder.path("nothing.wasm")]).refusal().contains("check the path"));
}

#[test]
fn a_bad_file_between_good_ones_hides_none() {
    let folder = Folder::new("tools_between");
    let run = weir(["plugin", "check", &echo(), &bad_plugin(&folder, "no-memory"), &echo()]);
    assert_eq!((run.status, run.stdout.matches("the host takes it").count()), (1, 2));
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
}
