//! Each rule finds what breaks it, and leaves alone what does not.

use super::*;

fn broken(rule: fn(&Source) -> Vec<String>, path: &str, text: &str) -> Vec<String> {
    rule(&Source::new(path, text))
}

#[test]
fn an_arrow_forward_is_found_in_every_spelling() {
    let found = |text| broken(against_the_arrows, "src/post/store.rs", text);
    let expected = ["src/post/store.rs:2: post may not use web"];
    assert_eq!(found("\nuse crate::web;"), expected);
    assert_eq!(found("\nuse crate::{db::Pool, web::{self, Page}};"), expected);
    assert_eq!(found("\nfn f() { crate::web::serve() }"), expected);
    assert_eq!(found("\nuse super::super::web::Page;"), expected);
    assert_eq!(found("use crate::{db::{self, web}, line::Line};"), [""; 0]);
    assert_eq!(found("// crate::web\nuse super::web;"), [""; 0]);
    assert_eq!(found("#[cfg(test)]\nmod tests {\n    use crate::web;\n}"), [""; 0]);
}

#[test]
fn a_leaf_uses_leaves_only() {
    let found = |text| broken(against_the_arrows, "src/config/mod.rs", text);
    assert_eq!(found("use super::line::Line;"), [""; 0]);
    assert_eq!(found("use super::db;"), ["src/config/mod.rs:1: config may not use db"]);
}

#[test]
fn a_new_stage_must_be_entered_in_the_table() {
    let found = broken(against_the_arrows, "src/util.rs", "");
    let rule = "util is neither a leaf nor a stage of tests/it/architecture.rs";
    assert_eq!(found, [format!("src/util.rs:1: {rule}")]);
}

#[test]
fn a_library_beside_its_door_is_found() {
    let found = |path, text| broken(beside_the_doors, path, text);
    assert_eq!(found("src/post/store.rs", "use sqlx::Row;"), [""; 0]);
    assert_eq!(found("src/post/store/read.rs", "use sqlx::Row;"), [""; 0]);
    let expected = ["src/post/read.rs:1: sqlx only in db, store"];
    assert_eq!(found("src/post/read.rs", "use sqlx::Row;"), expected);
    let expected = ["src/web/page.rs:2: Utc::now only in clock"];
    assert_eq!(found("src/web/page.rs", "fn f() {\n chrono::Utc::now() }"), expected);
    assert_eq!(found("src/web/page.rs", "let rand = operand::rand; // sqlx::"), [""; 0]);
}

#[test]
fn a_long_function_is_found_and_its_tests_are_not_counted() {
    let body = "    let brace = '{'; // }\n".repeat(70);
    let long = format!("\nfn long<'a>(x: &'a [u8; 2]) -> u8 {{\n{body}}}\n");
    let expected = ["src/id.rs:2: long has 72 lines; at most 70"];
    assert_eq!(broken(too_big, "src/id.rs", &long), expected);
    let test = format!("#[cfg(test)]\nmod tests {{{}}}\n", long.repeat(6));
    assert_eq!(broken(too_big, "src/id.rs", &test), [""; 0]);
    let file = "const A: &str = r#\"}\"#;\n".repeat(401);
    let expected = ["src/id.rs:1: 401 lines; at most 400 without tests"];
    assert_eq!(broken(too_big, "src/id.rs", &file), expected);
}

#[test]
fn an_open_end_and_a_missing_header_are_found() {
    let found = broken(unfinished, "src/id.rs", "\n// TODO later");
    assert_eq!(found, ["src/id.rs:2: TODO: finish it or leave it out"]);
    let found = broken(without_header, "src/web/mod.rs", "use std::fmt;");
    assert_eq!(found, ["src/web/mod.rs:1: a stage opens with its manual page, `//! …`"]);
}
