//! The start of an AWS with one pool, and of the program in a working directory of its own.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use axum::Router;
use latchstring_cli::attach::members::Members;
use serde_json::json;
use tokio::net::TcpListener;

pub(crate) const POOL: &str = "eu-west-1_Abc";
pub(crate) const SECRET: &str = "not-to-be-printed";
pub(crate) const TRIGGERS: [&str; 6] = [
    "--define",
    "arn:define",
    "--create",
    "arn:create",
    "--verify",
    "arn:verify",
];

/// An AWS at an address of loopback, and a working directory.
pub(crate) struct Aws {
    endpoint: String,
    pub(crate) folder: PathBuf,
}

impl Aws {
    /// Serves an AWS. The name is that of the test.
    pub(crate) async fn serve(name: &str, router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        // It is there only after an earlier run.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        Self { endpoint, folder }
    }

    /// Runs a command for the pool with these options.
    pub(crate) fn run(&self, command: &str, options: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_latchstring"))
            .args([command, "--user-pool", POOL])
            .args(options)
            .current_dir(&self.folder)
            .env_clear()
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_SESSION_TOKEN", "session")
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        Ran::of(output)
    }
}

/// The end of a run, without the secret in its texts.
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let ran = Self {
            status: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET));
        ran
    }
}

/// Replaces all members but those that an update does not change, as Cognito does.
pub(crate) fn reset(described: &mut Members, fixed: &[&str], request: Members) {
    let date = described["LastModifiedDate"].as_f64().expect("a time") + 1.0;
    described.retain(|name, _| fixed.contains(&name.as_str()));
    described.extend(request);
    described.insert("LastModifiedDate".to_owned(), json!(date));
}
