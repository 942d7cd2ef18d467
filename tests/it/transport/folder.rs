//! The relays that are no server: a folder of files, and memory.

use std::path::Path;

use bulletin::config::{Relay, RelayKind};
use bulletin::transport::memory::Outbox;
use bulletin::transport::{Fault, Outcome, SendError, Stage, Transport};

use super::{MESSAGE, ann, is_accepted, to};

fn folder(path: &Path) -> Transport {
    let relay = Relay {
        kind: RelayKind::File { path: path.to_owned() },
        connections: 1,
        pace: bulletin::config::Pace::default(),
        weight: None,
        dkim: true,
        dkim_exclude: Vec::new(),
    };
    Transport::of(&relay, "news.example.org").unwrap()
}

fn files(path: &Path) -> Vec<String> {
    let names = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn each_message_is_a_whole_file_in_the_order_of_sending() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("missing/outbox");
    let mut connection = folder(&path).connect().await.unwrap();
    for address in ["ann@example.org", "bob@example.org", "ann@example.org"] {
        assert!(is_accepted(&connection.send(&to(address), &MESSAGE, None).await.unwrap()));
    }
    let names = files(&path);
    assert_eq!(names.len(), 3, "the same message twice is two files: {names:?}");
    assert!(names.iter().all(|name| name.ends_with("-1.eml")), "{names:?}");
    let second = std::fs::read_to_string(path.join(&names[1])).unwrap();
    let head = "Return-Path: <bounce@news.example.org>\r\nDelivered-To: bob@example.org\r\n";
    assert_eq!(second, head.to_owned() + std::str::from_utf8(&MESSAGE).unwrap());
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_a_fault_that_names_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().join("outbox");
    let fault = folder(&path).connect().await.err().unwrap();
    assert_eq!(fault.stage, Stage::Connect);
    assert!(fault.text.contains(path.to_str().unwrap()), "{fault}");
    assert!(fault.text.contains("check the relay's path"), "{fault}");
}

#[tokio::test]
async fn a_folder_that_went_away_is_a_fault_before_anybody_has_the_message() {
    let temporary = tempfile::tempdir().unwrap();
    let mut connection = folder(temporary.path()).connect().await.unwrap();
    temporary.close().unwrap();
    let error = connection.send(&ann(), &MESSAGE, None).await.unwrap_err();
    assert!(matches!(&error, SendError::Fault(fault) if fault.stage == Stage::Mail), "{error}");
}

#[tokio::test]
async fn an_outbox_answers_as_it_was_told_and_keeps_what_it_took() {
    let outbox = Outbox::new();
    let doubt = Outcome::InDoubt("no answer".to_owned());
    let fault = Fault { stage: Stage::Mail, reply: None, text: "closed".to_owned() };
    outbox.answer_once("ann@example.org", Ok(doubt.clone()));
    outbox.answer("bob@example.org", Err(fault.clone()));
    let way = Transport::Memory(outbox.clone());
    let mut connection = way.connect().await.unwrap();
    assert_eq!(connection.send(&ann(), &MESSAGE, None).await, Ok(doubt));
    assert!(!connection.usable());
    assert!(is_accepted(&connection.send(&ann(), &MESSAGE, None).await.unwrap()));
    for _ in 0..2 {
        let error = connection.send(&to("bob@example.org"), &MESSAGE, None).await.unwrap_err();
        assert_eq!(error, SendError::Fault(fault.clone()));
    }
    assert_eq!(outbox.messages(), [(ann(), MESSAGE.to_vec()), (ann(), MESSAGE.to_vec())]);
    outbox.refuse_connections(Some(fault));
    assert!(way.connect().await.is_err());
}
