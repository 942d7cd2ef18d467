//! What a browser without a face asks: one request, one answer, no redirect followed.
//!
//! Blocking; async tests call it through `spawn_blocking`.

use std::sync::LazyLock;
use std::time::Duration;

use ureq::http::{HeaderMap, Response};
use ureq::{Agent, Body, Error};

/// Refusals are answers too: 4xx and 5xx are not errors.
static AGENT: LazyLock<Agent> = LazyLock::new(|| {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into()
});

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

pub(crate) fn get(url: &str) -> Answer {
    answer(url, AGENT.get(url).call())
}

pub(crate) fn post(url: &str, content_type: &str, body: &str) -> Answer {
    let request = AGENT.post(url).header("Content-Type", content_type);
    answer(url, request.send(body))
}

fn answer(url: &str, response: Result<Response<Body>, Error>) -> Answer {
    let mut response = response.unwrap_or_else(|error| panic!("{url}: {error}"));
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        // a picture is no text
        body: String::from_utf8_lossy(&response.body_mut().read_to_vec().unwrap()).into_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// Answers every request with what `reply` makes of its first line and body, until the process ends.
    pub(crate) fn serve(reply: impl Fn(&str, &str) -> String + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A browser opens connections in advance and drops them unused.
                drop(answer_one(stream.unwrap(), &reply));
            }
        });
        format!("http://{address}")
    }

    fn answer_one(
        mut stream: TcpStream,
        reply: &impl Fn(&str, &str) -> String,
    ) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let start = head.len();
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
            let line = head[start..].to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let answer = reply(head.lines().next().unwrap(), &String::from_utf8_lossy(&body));
        stream.write_all(answer.as_bytes())
    }

    #[test]
    fn a_refusal_is_an_answer_and_not_an_error() {
        let site = serve(|line, _| {
            assert_eq!(line, "GET /missing HTTP/1.1");
            "HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\nConnection: close\r\n\r\nnothing".into()
        });
        let answer = get(&format!("{site}/missing"));
        assert_eq!((answer.status, answer.body.as_str()), (404, "nothing"));
    }

    #[test]
    fn a_redirect_is_told_and_not_followed() {
        let site = serve(|line, body| {
            assert_eq!((line, body), ("POST /subscribe HTTP/1.1", "email=a%40example.org"));
            "HTTP/1.1 303 See Other\r\nLocation: /done\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into()
        });
        let answer = post(
            &format!("{site}/subscribe"),
            "application/x-www-form-urlencoded",
            "email=a%40example.org",
        );
        assert_eq!(answer.status, 303);
        assert_eq!(answer.headers["location"], "/done");
    }
}
