//! The measured functions: Latchstring's, the floor, and the peers.
//!
//! For the peers of this repository, "the same work" is the same requests to AWS for one
//! invocation. Create reads the key ring, makes the conditional writes of a charge and a flow, and
//! sends a mail. Sign-in reads the key ring and the counters of a budget, and opens a Cognito
//! session with two calls. The key ring is read at the first invocation only. The `passwordless`
//! rows are another project's triggers, as its construct bundles them. Their Create sends nothing,
//! and none of them counts or reads anything.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::aws::Aws;
use crate::events::{CLIENT, Events, POOL};
use crate::measure::Function;
use crate::path;

pub(crate) const FLOOR: &str = "floor";
pub(crate) const VERIFY: &str = "verify, no AWS client";
pub(crate) const DEFINE: &str = "define, no AWS client";
pub(crate) const VERIFY_TABLE: &str = "verify";
pub(crate) const DEFINE_TABLE: &str = "define";
pub(crate) const CREATE: &str = "create";
pub(crate) const SIGN_IN: &str = "sign-in";
pub(crate) const GO_CREATE: &str = "go create";
pub(crate) const GO_SIGN_IN: &str = "go sign-in";
pub(crate) const NODE_CREATE: &str = "node create";
pub(crate) const NODE_SIGN_IN: &str = "node sign-in";

/// The `UpdateItem` requests of Create: of the charge and of the ticket. The peers make as many; the
/// table says where their requests differ.
const UPDATES: usize = 4;

/// The functions whose instructions are counted.
pub(crate) const COUNTED: [&str; 3] = [FLOOR, VERIFY, DEFINE];

/// A function, its event, and the check of its answer.
pub(crate) struct Row<'a> {
    pub(crate) function: Function,
    pub(crate) event: Box<dyn Fn() -> String + 'a>,
    pub(crate) check: fn(&str) -> Result<(), String>,
}

/// A function that is not built here.
pub(crate) struct Missing {
    pub(crate) row: String,
    /// The command that makes it.
    pub(crate) make: &'static str,
}

/// Returns every row that can be measured, and those that cannot.
pub(crate) fn all<'a>(root: &Path, aws: &Aws, events: &'a Events) -> (Vec<Row<'a>>, Vec<Missing>) {
    let mut all = All {
        root,
        aws,
        ring: &events.ring,
        rows: Vec::new(),
        missing: Vec::new(),
    };
    let (verify, define) = (
        "latchstring-verify-auth-challenge-response",
        "latchstring-define-auth-challenge",
    );
    let verified = |answer: &str| has(answer, "/response/answerCorrect");
    let defined = |answer: &str| has(answer, "/response/issueTokens");
    let right = |answer: &str| check(text(answer, "/response/answerCorrect") == "true", answer);
    let issued = |answer: &str| check(text(answer, "/response/issueTokens") == "true", answer);
    let challenged = |answer: &str| {
        let is_code = text(answer, "/response/publicChallengeParameters/resendAfter") == "30";
        check(is_code, answer)
    };
    let opened = |answer: &str| has(answer, "/data/session");
    let of_verify = || events.verify();
    let of_right = || events.verify_right();
    let of_issued = || events.define_right();
    let of_create = || events.create();
    all.ours(FLOOR, "latchstring-floor", &[], of_verify, |_| Ok(()));
    all.ours(VERIFY, verify, &[MEMORY, RING], of_verify, verified);
    all.ours(DEFINE, define, &[MEMORY, RING], || events.define(), defined);
    all.ours(VERIFY_TABLE, verify, &[TABLE, RING], of_right, right);
    all.ours(DEFINE_TABLE, define, &[TABLE, RING], of_issued, issued);
    let create = "latchstring-create-auth-challenge";
    all.ours(CREATE, create, &[TABLE, SECRET], of_create, challenged);
    let sign_in = "latchstring-sign-in";
    all.ours(SIGN_IN, sign_in, &[TABLE, SECRET], Events::sign_in, opened);
    let by_phone = Events::sign_in_by_phone;
    all.ours(
        "sign-in by phone",
        sign_in,
        &[TABLE, SECRET],
        by_phone,
        opened,
    );

    let prompted = |answer: &str| check(text(answer, "/statusCode") == "200", answer);
    all.ours(
        "sign-in over HTTP",
        sign_in,
        &[TABLE, SECRET],
        Events::sign_in_over_http,
        prompted,
    );

    let sent = |answer: &str| {
        check(
            text(answer, "/response/publicChallengeParameters/step") == "otp",
            answer,
        )
    };
    all.go(GO_CREATE, "create", of_create, sent);
    all.go(GO_SIGN_IN, "sign-in", Events::sign_in, opened);
    all.node(NODE_CREATE, "create", of_create, sent);
    all.node(NODE_SIGN_IN, "sign-in", Events::sign_in, opened);
    all.node(
        "passwordless define",
        "define-auth-challenge",
        || events.define(),
        |_| Ok(()),
    );
    all.node(
        "passwordless create",
        "create-auth-challenge",
        || Events::opening("CreateAuthChallenge"),
        |_| Ok(()),
    );
    all.node(
        "passwordless verify",
        "verify-auth-challenge-response",
        of_verify,
        |_| Ok(()),
    );
    all.python("python create", "create", of_create, sent);
    all.python("python sign-in", "sign_in", Events::sign_in, opened);
    (all.rows, all.missing)
}

/// The part of the environment that differs between Latchstring's functions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    Memory,
    Table,
    Ring,
    Secret,
}

const MEMORY: Setting = Setting::Memory;
const TABLE: Setting = Setting::Table;
const RING: Setting = Setting::Ring;
const SECRET: Setting = Setting::Secret;

struct All<'a, 'b> {
    root: &'b Path,
    aws: &'b Aws,
    ring: &'b str,
    rows: Vec<Row<'a>>,
    missing: Vec<Missing>,
}

impl<'a> All<'a, '_> {
    fn ours(
        &mut self,
        name: &'static str,
        package: &str,
        settings: &[Setting],
        event: impl Fn() -> String + 'a,
        check: fn(&str) -> Result<(), String>,
    ) {
        let binary = path(self.root, "target/release").join(package);
        let mut environment = vec![("USER_POOL_ID", POOL.to_owned())];
        environment.push(("CLIENT_IDS", CLIENT.to_owned()));
        environment.push(("SMS_COUNTRIES", "US".to_owned()));
        for setting in settings {
            match setting {
                Setting::Memory => environment.push(("STORE", "memory".to_owned())),
                Setting::Table => environment.extend([
                    ("TABLE_NAME", "latchstring".to_owned()),
                    ("EMAIL_FROM", "codes@example.org".to_owned()),
                    // A function without connections reads no certificates.
                    ("AWS_CA_BUNDLE", self.aws.amazon.display().to_string()),
                ]),
                Setting::Ring => environment.push(("KEY_RING", self.ring.to_owned())),
                Setting::Secret => environment.push(("KEY_RING_SECRET", "ring".to_owned())),
            }
        }
        let size = size(&binary);
        let command = vec![binary.display().to_string()];
        self.add(
            name,
            &binary,
            "cargo xtask bench",
            command,
            environment,
            size,
            event,
            check,
        );
    }

    fn go(
        &mut self,
        name: &'static str,
        job: &str,
        event: impl Fn() -> String + 'a,
        check: fn(&str) -> Result<(), String>,
    ) {
        let binary = path(self.root, "target/tools/bench-go").join(job);
        let mut environment = self.shared();
        environment.push(("SSL_CERT_FILE", self.aws.system.display().to_string()));
        let size = size(&binary);
        let command = vec![binary.display().to_string()];
        let make = "sudo apt-get install golang golang-github-aws-aws-sdk-go-v2-dev";
        self.add(
            name,
            &binary,
            make,
            command,
            environment,
            size,
            event,
            check,
        );
    }

    fn node(
        &mut self,
        name: &'static str,
        job: &str,
        event: impl Fn() -> String + 'a,
        check: fn(&str) -> Result<(), String>,
    ) {
        let bundle = path(self.root, "target/tools/bench-node").join(format!("{job}.js"));
        let runtime = "benches/peers/node/node_modules/aws-lambda-ric/bin/index.mjs";
        let mut environment = self.shared();
        environment.extend([
            (
                "NODE_EXTRA_CA_CERTS",
                self.aws.authority.display().to_string(),
            ),
            // The settings of the other project's construct.
            ("FIDO2_ENABLED", String::new()),
            ("MAGIC_LINK_ENABLED", String::new()),
            ("SMS_OTP_STEP_UP_ENABLED", "TRUE".to_owned()),
            ("LOG_LEVEL", "INFO".to_owned()),
        ]);
        let command = vec![
            "node".to_owned(),
            path(self.root, runtime).display().to_string(),
            format!("{job}.handler"),
        ];
        let size = size(&bundle);
        self.add(
            name,
            &bundle,
            "cargo xtask bench",
            command,
            environment,
            size,
            event,
            check,
        );
    }

    fn python(
        &mut self,
        name: &'static str,
        job: &str,
        event: impl Fn() -> String + 'a,
        check: fn(&str) -> Result<(), String>,
    ) {
        let python = path(self.root, "target/tools/bench-python/bin/python");
        let mut environment = self.shared();
        let folder = path(self.root, "benches/peers/python");
        environment.extend([
            ("PYTHONPATH", folder.display().to_string()),
            // Lambda keeps the runtime's compiled modules too; the peers' would be written to the
            // repository.
            (
                "PYTHONPYCACHEPREFIX",
                path(self.root, "target/bench/pycache")
                    .display()
                    .to_string(),
            ),
        ]);
        let command = vec![
            python.display().to_string(),
            "-m".to_owned(),
            "awslambdaric".to_owned(),
            format!("{job}.handler"),
        ];
        let size = size(&folder.join(format!("{job}.py")));
        self.add(
            name,
            &python,
            "cargo xtask bench",
            command,
            environment,
            size,
            event,
            check,
        );
    }

    /// The AWS settings of every peer.
    fn shared(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_CA_BUNDLE", self.aws.system.display().to_string()),
            ("UPDATES", UPDATES.to_string()),
        ]
    }

    #[expect(clippy::too_many_arguments, reason = "the four above fill them in")]
    fn add(
        &mut self,
        name: &'static str,
        needs: &Path,
        make: &'static str,
        command: Vec<String>,
        environment: Vec<(&'static str, String)>,
        size: Option<u64>,
        event: impl Fn() -> String + 'a,
        check: fn(&str) -> Result<(), String>,
    ) {
        if !needs.exists() {
            let row = name.to_owned();
            self.missing.push(Missing { row, make });
            return;
        }
        let folder = needs.parent().map_or_else(PathBuf::new, Path::to_owned);
        self.rows.push(Row {
            function: Function {
                name,
                command,
                folder,
                environment,
                size,
            },
            event: Box::new(event),
            check,
        });
    }
}

fn size(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|file| file.len())
}

fn text(answer: &str, pointer: &str) -> String {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    match answer.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

fn has(answer: &str, pointer: &str) -> Result<(), String> {
    check(!text(answer, pointer).is_empty(), answer)
}

fn check(is_right: bool, answer: &str) -> Result<(), String> {
    if is_right {
        Ok(())
    } else {
        Err(format!("unexpected answer: {answer}"))
    }
}
