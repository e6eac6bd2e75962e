//! Whole sign-ins against `latchstring-local`, up to its limit: `cargo xtask load`.
//!
//! It starts the program on a free port of 127.0.0.1, creates accounts, and signs in as an app
//! does, over HTTP. A sign-in is `signIn` through GraphQL, the code from the inbox,
//! `RespondToAuthChallenge`, and the check of both tokens against the pool's keys. First the number
//! of concurrent users grows, each starting again after a sign-in. Then the best number is held for
//! longer. Then half that rate runs at fixed times, so that waiting counts.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints its results"
)]

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// The number of accounts, used in turn: the local service takes 60 codes a minute for one
/// identifier.
const ACCOUNTS: usize = 3_000;
/// The numbers of concurrent users, one step after another.
const RAMP: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
const STEP: Duration = Duration::from_secs(3);
const HOLD: Duration = Duration::from_secs(10);
/// The time limit of every step, which only a hang reaches.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// The ticks of `/proc/<pid>/stat` in a second, on every Linux.
const TICKS: f64 = 100.0;

const TARGET_RATE: f64 = 300.0;
const TARGET_P99: Duration = Duration::from_millis(50);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The load test failed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome<()> {
    let service = Service::start()?;
    let target = Arc::new(Target::of(&service.endpoint).await?);
    target.make_accounts().await?;
    let cores = std::thread::available_parallelism()?;
    println!("{cores} cores for the service and for the {ACCOUNTS} clients that sign in;");
    println!("times are of a whole sign-in, from signIn to checked tokens.");
    println!();
    println!(
        "| load | sign-ins/s | failed | p50 ms | p99 ms | CPU ms a sign-in, service | clients | cores busy | service MB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");

    // Not counted: the first tokens wait for the keys.
    closed(&service, &target, 8, STEP).await?;
    let mut best: Option<(usize, Measured)> = None;
    for clients in RAMP {
        let measured = closed(&service, &target, clients, STEP).await?;
        println!("{}", measured.row(&format!("{clients} at once")));
        if best
            .as_ref()
            .is_none_or(|(_, best)| measured.rate() > best.rate())
        {
            best = Some((clients, measured));
        }
    }
    let (clients, _) = best.ok_or("nothing was measured")?;
    let limit = closed(&service, &target, clients, HOLD).await?;
    println!("{}", limit.row(&format!("limit: {clients} at once, held")));
    let half = open(&service, &target, limit.rate() / 2.0, HOLD).await?;
    println!("{}", half.row("half the limit, at fixed times"));

    println!();
    let busy = limit.busy_cores();
    #[expect(clippy::cast_precision_loss, reason = "a count of cores")]
    let all = cores.get() as f64;
    if busy > 0.85 * all {
        println!("At the limit {busy:.1} of {all} cores are busy with this: the processor binds.");
    } else {
        println!(
            "At the limit only {busy:.1} of {all} cores are busy with this: something else binds, \
             be it other programs on this machine or a lock of the service."
        );
    }
    println!(
        "By CPU time alone, {all} idle cores would sustain {:.0} sign-ins/s.",
        all * 1000.0 / (limit.service_cpu_ms() + limit.clients_cpu_ms())
    );
    verdict(
        "sign-ins/s at the limit",
        limit.rate() >= TARGET_RATE,
        &format!("{:.0}", limit.rate()),
        &format!("at least {TARGET_RATE}"),
    );
    let p99 = half.percentile(99);
    verdict(
        "p99 at half of it",
        p99 <= TARGET_P99 && half.failed == 0,
        &format!("{:.1} ms", millis(p99)),
        &format!("at most {} ms", TARGET_P99.as_millis()),
    );
    Ok(())
}

fn verdict(what: &str, is_met: bool, measured: &str, target: &str) {
    let met = if is_met { "met" } else { "NOT met here" };
    println!("{what}: {measured}, target {target}: {met}.");
}

/// The service, as a separate process; it ends with this value.
struct Service {
    process: Child,
    endpoint: String,
}

impl Service {
    fn start() -> Outcome<Self> {
        let examples = std::env::current_exe()?;
        let program = examples
            .parent()
            .and_then(|examples| examples.parent())
            .map(|profile| profile.join("latchstring-local"))
            .ok_or("this program is in no folder")?;
        let mut process = Command::new(&program)
            .args(["--port", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut greeting = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut greeting)?;
        }
        let endpoint = greeting
            .split_whitespace()
            .find(|word| word.starts_with("http://127.0.0.1:"))
            .unwrap_or_default()
            .to_owned();
        let service = Self { process, endpoint };
        if service.endpoint.is_empty() {
            return Err("the service does not say where it listens".into());
        }
        Ok(service)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It has nothing to save. If it has already ended, this has no effect.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the CPU time that a process has used so far.
fn cpu(pid: &str) -> Outcome<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The process name comes first and may contain any character.
    let (_, numbers) = stat.rsplit_once(')').ok_or("no process")?;
    let ticks: f64 = numbers
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum();
    Ok(Duration::from_secs_f64(ticks / TICKS))
}

/// Returns the memory that a process has in use now, in MB.
fn memory(pid: &str) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kb = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kb| kb.parse::<u64>().ok())
        .ok_or("no memory")?;
    Ok(kb / 1024)
}

/// The settings that a user needs to sign in.
struct Target {
    http: Client,
    endpoint: String,
    client: String,
    pool: String,
    api_key: String,
    keys: Vec<(String, DecodingKey)>,
    next: AtomicUsize,
}

impl Target {
    async fn of(endpoint: &str) -> Outcome<Self> {
        let http = Client::builder().timeout(TIME_LIMIT).build()?;
        let config: Value = http
            .get(format!("{endpoint}/config.json"))
            .send()
            .await?
            .json()
            .await?;
        let pool = text(&config["userPoolId"])?;
        let keys: JwkSet = http
            .get(format!("{endpoint}/{pool}/.well-known/jwks.json"))
            .send()
            .await?
            .json()
            .await?;
        let keys = keys.keys.iter().map(|key| {
            let id = key.common.key_id.clone().ok_or("a key without a name")?;
            Outcome::Ok((id, DecodingKey::from_jwk(key)?))
        });
        Ok(Self {
            keys: keys.collect::<Outcome<_>>()?,
            client: text(&config["clientId"])?,
            api_key: text(&config["apiKey"])?,
            endpoint: endpoint.to_owned(),
            http,
            pool,
            next: AtomicUsize::new(0),
        })
    }

    fn cognito(&self, operation: &str, body: &Value) -> RequestBuilder {
        self.http
            .post(&self.endpoint)
            .header("content-type", "application/x-amz-json-1.1")
            .header(
                "x-amz-target",
                format!("AWSCognitoIdentityProviderService.{operation}"),
            )
            // The stand-in requires a signature on admin operations and accepts any.
            .header("authorization", "AWS4-HMAC-SHA256 Credential=load")
            .body(body.to_string())
    }

    async fn make_accounts(&self) -> Outcome<()> {
        for number in 0..ACCOUNTS {
            let username = format!("account-{number}");
            let made = json!({
                "UserPoolId": self.pool, "Username": username, "MessageAction": "SUPPRESS",
                "UserAttributes": [
                    {"Name": "email", "Value": address(number)},
                    {"Name": "email_verified", "Value": "true"},
                ],
            });
            send_json(self.cognito("AdminCreateUser", &made)).await?;
            let confirmed = json!({
                "UserPoolId": self.pool, "Username": username,
                "Password": "Never-kept-th1s", "Permanent": true,
            });
            send_json(self.cognito("AdminSetUserPassword", &confirmed)).await?;
        }
        Ok(())
    }

    /// Runs one whole sign-in of the next account.
    async fn sign_in(&self) -> Outcome<()> {
        let address = address(self.next.fetch_add(1, Ordering::Relaxed) % ACCOUNTS);
        let opened = send_json(self
            .http
            .post(format!("{}/graphql", self.endpoint))
            .header("x-api-key", &self.api_key)
            .json(&json!({
                "query": "mutation ($input: SignInInput!) { signIn(input: $input) { session username } }",
                "variables": {"input": {"emailOrPhone": address, "method": "EMAIL"}},
            })))
        .await?;
        let opened = &opened["data"]["signIn"];
        let inbox = format!("{}/inbox.json?to={address}&limit=1", self.endpoint);
        let inbox = send_json(self.http.get(inbox)).await?;
        let answered = send_json(self.cognito(
            "RespondToAuthChallenge",
            &json!({
                "ClientId": self.client,
                "ChallengeName": "CUSTOM_CHALLENGE",
                "Session": text(&opened["session"])?,
                "ChallengeResponses": {
                    "USERNAME": text(&opened["username"])?,
                    "ANSWER": text(&inbox[0]["code"])?,
                },
            }),
        ))
        .await?;
        let result = &answered["AuthenticationResult"];
        self.check(&text(&result["AccessToken"])?)?;
        self.check(&text(&result["IdToken"])?)
    }

    fn check(&self, token: &str) -> Outcome<()> {
        let header = jsonwebtoken::decode_header(token)?;
        let key = self
            .keys
            .iter()
            .find(|(id, _)| header.kid.as_ref() == Some(id));
        let (_, key) = key.ok_or("a token's key is not the pool's")?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_aud = false;
        jsonwebtoken::decode::<Value>(token, key, &validation)?;
        Ok(())
    }
}

fn address(number: usize) -> String {
    format!("person{number}@example.com")
}

async fn send_json(request: RequestBuilder) -> Outcome<Value> {
    let response = request.send().await?;
    let status = response.status();
    let answer: Value = response.json().await?;
    if status.is_success() && answer["errors"].is_null() {
        Ok(answer)
    } else {
        Err(format!("{status}: {} {}", answer["__type"], answer["errors"]).into())
    }
}

fn text(value: &Value) -> Outcome<String> {
    let text = value.as_str().ok_or("an answer lacks a field")?;
    Ok(text.to_owned())
}

/// The times of successful sign-ins, and the number of failures: a service beyond its limit
/// refuses.
#[derive(Default)]
struct Tally {
    times: Vec<Duration>,
    failed: usize,
}

impl Tally {
    fn add(&mut self, signed_in: &Outcome<()>, took: Duration) {
        match signed_in {
            Ok(()) => self.times.push(took),
            Err(_) => self.failed += 1,
        }
    }
}

/// The result of one measured period.
struct Measured {
    /// The times in ascending order.
    times: Vec<Duration>,
    /// The number of failed sign-ins.
    failed: usize,
    took: Duration,
    service: Duration,
    clients: Duration,
    memory: u64,
}

#[expect(clippy::cast_precision_loss, reason = "thousands")]
impl Measured {
    fn rate(&self) -> f64 {
        self.times.len() as f64 / self.took.as_secs_f64()
    }

    fn percentile(&self, percent: usize) -> Duration {
        let last = self.times.len().saturating_sub(1);
        self.times
            .get(last * percent / 100)
            .copied()
            .unwrap_or_default()
    }

    fn service_cpu_ms(&self) -> f64 {
        millis(self.service) / self.times.len() as f64
    }

    fn clients_cpu_ms(&self) -> f64 {
        millis(self.clients) / self.times.len() as f64
    }

    fn busy_cores(&self) -> f64 {
        (self.service + self.clients).as_secs_f64() / self.took.as_secs_f64()
    }

    fn row(&self, load: &str) -> String {
        format!(
            "| {load} | {:.0} | {} | {:.1} | {:.1} | {:.2} | {:.2} | {:.1} | {} |",
            self.rate(),
            self.failed,
            millis(self.percentile(50)),
            millis(self.percentile(99)),
            self.service_cpu_ms(),
            self.clients_cpu_ms(),
            self.busy_cores(),
            self.memory,
        )
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Runs this many concurrent users for this long, each starting again after a sign-in.
async fn closed(
    service: &Service,
    target: &Arc<Target>,
    clients: usize,
    time: Duration,
) -> Outcome<Measured> {
    let until = Instant::now() + time;
    measure(service, async {
        let mut all = JoinSet::new();
        for _ in 0..clients {
            let target = Arc::clone(target);
            all.spawn(async move {
                let mut tally = Tally::default();
                while Instant::now() < until {
                    let begun = Instant::now();
                    let signed_in = target.sign_in().await;
                    tally.add(&signed_in, begun.elapsed());
                }
                tally
            });
        }
        collect(all).await
    })
    .await
}

/// Starts this many sign-ins a second for this long, each at its time. A time is counted from the
/// planned start.
async fn open(
    service: &Service,
    target: &Arc<Target>,
    rate: f64,
    time: Duration,
) -> Outcome<Measured> {
    let begun = Instant::now();
    measure(service, async {
        let mut all = JoinSet::new();
        for number in 0.. {
            let at = Duration::from_secs_f64(f64::from(number) / rate);
            if at >= time {
                break;
            }
            tokio::time::sleep_until((begun + at).into()).await;
            let target = Arc::clone(target);
            all.spawn(async move {
                let signed_in = target.sign_in().await;
                let mut tally = Tally::default();
                tally.add(&signed_in, begun.elapsed().saturating_sub(at));
                tally
            });
        }
        collect(all).await
    })
    .await
}

async fn collect(mut all: JoinSet<Tally>) -> Outcome<Tally> {
    let mut tally = Tally::default();
    while let Some(some) = all.join_next().await {
        let some = some?;
        tally.times.extend(some.times);
        tally.failed += some.failed;
    }
    Ok(tally)
}

async fn measure(
    service: &Service,
    load: impl Future<Output = Outcome<Tally>>,
) -> Outcome<Measured> {
    let pid = service.process.id().to_string();
    let (begun, service_before, clients_before) = (Instant::now(), cpu(&pid)?, cpu("self")?);
    let Tally { mut times, failed } = load.await?;
    let took = begun.elapsed();
    times.sort_unstable();
    if times.is_empty() {
        return Err("no sign-in succeeded".into());
    }
    Ok(Measured {
        times,
        failed,
        took,
        service: cpu(&pid)?.saturating_sub(service_before),
        clients: cpu("self")?.saturating_sub(clients_before),
        memory: memory(&pid)?,
    })
}
