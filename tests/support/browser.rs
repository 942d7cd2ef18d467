//! A real, headless Chromium, driven through Debian's `chromedriver`.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What a page is shown on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    /// In pixels.
    pub(crate) width: u32,
    pub(crate) dark: bool,
}

/// A mail app's window and a phone, each by day and by night.
pub(crate) const SCREENS: [Screen; 4] = [
    Screen { width: 600, dark: false },
    Screen { width: 600, dark: true },
    Screen { width: 375, dark: false },
    Screen { width: 375, dark: true },
];

/// Killed with all its children when dropped.
pub(crate) struct Browser {
    client: Client,
    driver: Driver,
    /// With the profile; dropped, and so removed, last.
    folder: TempDir,
}

impl Browser {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let driver = Driver::start(&folder);
        let mut arguments: Vec<String> = FLAGS.map(String::from).into();
        arguments.push(format!("--user-data-dir={}", folder.path().join("profile").display()));
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("goog:chromeOptions".into(), serde_json::json!({"args": arguments}));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .expect("Chromium does not start");
        Self { client, driver, folder }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Shows a page as a screen of this width would, light or dark.
    pub(crate) async fn show(&self, html: &str, screen: Screen) {
        let file = self.folder.path().join("page.html");
        std::fs::write(&file, html).unwrap();
        let Screen { width, dark } = screen;
        let metrics =
            json!({"width": width, "height": 100, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics).await;
        self.devtools("Emulation.setScrollbarsHidden", &json!({"hidden": true})).await;
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", &features).await;
        self.client.goto(&format!("file://{}", file.display())).await.unwrap();
    }

    /// The whole page as PNG.
    #[allow(dead_code, reason = "`make gallery` takes them")]
    pub(crate) async fn picture(&self) -> Vec<u8> {
        let whole =
            json!({"format": "png", "captureBeyondViewport": true, "optimizeForSpeed": false});
        let taken = self.devtools("Page.captureScreenshot", &whole).await;
        data_encoding::BASE64.decode(taken["data"].as_str().unwrap().as_bytes()).unwrap()
    }

    /// Asks for what `WebDriver` has no words for.
    async fn devtools(&self, command: &str, params: &Value) -> Value {
        let session = self.client.session_id().await.unwrap().unwrap();
        let port = self.driver.port;
        let url = format!("http://127.0.0.1:{port}/session/{session}/goog/cdp/execute");
        let body = json!({"cmd": command, "params": params}).to_string();
        let mut answer = ureq::post(&url).send(body).unwrap();
        let text = answer.body_mut().with_config().limit(50_000_000).read_to_string().unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["value"].take()
    }
}

const FLAGS: [&str; 9] = [
    "--headless",
    // Tests may run as root, and in containers without a large /dev/shm.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    // Asks nobody for anything by itself.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

struct Driver {
    child: Child,
    port: u16,
    /// Reads what driver and browser say; ends when the last of them has ended.
    listener: Option<JoinHandle<()>>,
}

impl Driver {
    fn start(folder: &TempDir) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        let child = Command::new("chromedriver")
            // Its own choice; it says which.
            .arg("--port=0")
            // Chromium's own caches and crash reports go where the profile is.
            .env("HOME", folder.path())
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .process_group(0)
            .spawn()
            .expect("chromedriver is not installed: run .ci/packages");
        let (send_port, port) = channel();
        let listener = std::thread::spawn(move || {
            for line in BufReader::new(reader).lines().map_while(Result::ok) {
                if let Some((_, port)) = line.split_once("started successfully on port ") {
                    drop(send_port.send(port.trim_end_matches('.').parse()));
                }
            }
        });
        let port = port.recv().expect("chromedriver names no port").unwrap();
        Self { child, port, listener: Some(listener) }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.child.id().cast_signed());
        let _ = killpg(group, Signal::SIGKILL);
        drop(self.child.wait());
        // Nobody writes to the profile any more when it is removed.
        drop(self.listener.take().map(JoinHandle::join));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use fantoccini::Locator;

    use super::*;
    use crate::support::http::tests::serve;
    use crate::support::program::tests::command_line;

    const PAGE: &str = "<!doctype html><title>Sign up</title>\
        <form method=post action=/done><button>Yes, please</button></form>";

    #[tokio::test]
    async fn a_button_on_a_page_can_be_clicked() {
        let site = serve(|line, _| {
            let body = if line.starts_with("POST /done") { "<title>Done</title>" } else { PAGE };
            let length = body.len();
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n\r\n{body}"
            )
        });
        let browser = Browser::start().await;
        let client = browser.client();
        client.goto(&site).await.unwrap();
        assert_eq!(client.title().await.unwrap(), "Sign up");
        client.find(Locator::Css("button")).await.unwrap().click().await.unwrap();
        client.wait().for_url(&format!("{site}/done").parse().unwrap()).await.unwrap();
        assert_eq!(client.title().await.unwrap(), "Done");
        let folder = browser.folder.path().to_owned();
        assert!(!processes_with(&folder).is_empty());
        drop(browser);
        assert_eq!(processes_with(&folder), [""; 0]);
        assert!(!folder.exists(), "the profile is still there");
    }

    /// The numbers of the running processes whose command line names the folder.
    fn processes_with(folder: &Path) -> Vec<String> {
        let name = folder.to_str().unwrap();
        std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name().into_string().unwrap())
            .filter(|process| command_line(process).contains(name))
            .collect()
    }
}
