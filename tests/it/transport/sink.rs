//! Against a server that is not ours: Postfix's `smtp-sink`.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use bulletin::config::{Auth, SmtpRelay, Tls};
use bulletin::transport::Connection;

use super::{ann, is_accepted, octets, transport};
use crate::support::{is_root, port};

const MESSAGES: usize = 1000;

/// Ends with the test.
pub(crate) struct Sink(Child);

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn postfix_takes_a_thousand_messages_over_one_connection() {
    let port = port::free();
    let _sink = start(port, &[]);
    let mut connection = connect(port).await;
    let body = "A line of the body, and\r\n.a dot\r\n".repeat(900);
    let started = Instant::now();
    for number in 0..MESSAGES {
        let message = format!("Message-ID: <{number}@news.example.org>\r\n\r\n{body}");
        let outcome = connection.send(&ann(), &octets(&message), None).await.unwrap();
        assert!(is_accepted(&outcome), "{number}: {outcome:?}");
    }
    connection.quit().await;
    // a dot that waits for a delayed acknowledgement costs 40 ms a message
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

/// As root it wants to be told whom to become.
pub(crate) fn start(port: u16, options: &[&str]) -> Sink {
    let sink = |arguments: &[&str]| {
        let mut command = Command::new("/usr/sbin/smtp-sink");
        command.args(arguments).args(options).arg(format!("127.0.0.1:{port}")).arg("1000");
        Sink(command.spawn().expect("smtp-sink is in Debian's package postfix"))
    };
    if is_root() { sink(&["-u", "nobody"]) } else { sink(&[]) }
}

async fn connect(port: u16) -> Connection {
    let relay = SmtpRelay {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        user: None,
        password: None,
        ca_file: None,
        hello: None,
        auth: Auth::Password,
        chunking: true,
        messages_per_connection: 1000,
    };
    let way = transport(&relay);
    let connected = async {
        loop {
            match way.connect().await {
                Ok(connection) => return connection,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), connected).await.unwrap()
}
