//! A process that is killed while it writes leaves a whole checkpoint.

use crate::support::folder::Folder;
use crate::support::model::{bits, train};
use nn::{Checkpoint, Init, Linear, Result, Sequential, Sgd, SgdConfig};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Tells a process that it is the one to be killed, and which file to write.
const FILE: &str = "NN_TEST_KILLED_WRITER";
/// How often a process is killed.
const KILLS: usize = 50;
/// When a process that nobody kills ends.
const LONGEST: Duration = Duration::from_secs(20);

/// A training with some hundred kilobytes of state, so that writing it takes a while.
struct Training {
    model: Sequential<f32>,
    sgd: Sgd<f32>,
    rng: ChaCha8Rng,
    step: u64,
}

impl Training {
    fn new() -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let model = Sequential::new()
            .with(Linear::new(3, 8192, Init::KaimingUniform, &mut rng)?.relu())
            .with(Linear::new(8192, 2, Init::XavierUniform, &mut rng)?);
        let sgd = Sgd::new(SgdConfig { rate: 1e-4, momentum: 0.9, ..SgdConfig::default() })?;
        Ok(Self { model, sgd, rng, step: 0 })
    }

    fn advance(&mut self) -> Result<()> {
        self.step += 1;
        train(&mut self.model, &mut self.sgd, &mut self.rng, 1)
    }

    fn checkpoint(&self) -> Result<Checkpoint> {
        let mut checkpoint = Checkpoint::of(&self.model, &self.sgd)?;
        checkpoint.step = self.step;
        checkpoint.set_rng("data", &self.rng);
        Ok(checkpoint)
    }

    fn resume(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        checkpoint.resume(&mut self.model, &mut self.sgd)?;
        self.step = checkpoint.step;
        self.rng = checkpoint.rng("data").expect("it was stored");
        Ok(())
    }
}

/// Goes on from the file, and writes it after every step, which it announces before.
fn write_until_killed(path: &Path) -> Result<()> {
    let (start, mut training) = (Instant::now(), Training::new()?);
    if path.exists() {
        training.resume(&Checkpoint::open(path)?)?;
    } else {
        training.checkpoint()?.save(path)?;
    }
    while start.elapsed() < LONGEST {
        training.advance()?;
        // On a line of its own, whatever the test harness has written.
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nstep {}", training.step).and_then(|()| out.flush()).expect("a parent that listens");
        training.checkpoint()?.save(path)?;
    }
    Ok(())
}

#[test]
#[ignore = "the process that the test below starts and kills"]
fn killed_writer() -> Result<()> {
    std::env::var_os(FILE).map_or(Ok(()), |path| write_until_killed(Path::new(&path)))
}

/// A process that writes, and is killed if the test ends.
struct Writer(Child);

impl Writer {
    fn start(path: &Path) -> (Self, BufReader<ChildStdout>) {
        let mut child = Command::new(std::env::current_exe().expect("the tests' own program"))
            .args(["--exact", "kill::killed_writer", "--ignored", "--nocapture"])
            .env(FILE, path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        (Self(child), out)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The step that a line announces; a line that the end cut off announces nothing.
fn announced(line: &str) -> Option<u64> {
    line.strip_prefix("step ")?.strip_suffix('\n')?.parse().ok()
}

/// Kills a writer some time after so many announcements and returns the last step that it began.
fn kill_one(path: &Path, announcements: u64, after: Duration) -> u64 {
    let (writer, mut out) = Writer::start(path);
    let (mut line, mut last, mut heard) = (String::new(), 0, 0);
    while heard < announcements {
        line.clear();
        assert_ne!(out.read_line(&mut line).expect("a pipe"), 0, "the writer ended before its time");
        if let Some(step) = announced(&line) {
            (last, heard) = (step, heard + 1);
        }
    }
    std::thread::sleep(after);
    drop(writer);
    loop {
        line.clear();
        if out.read_line(&mut line).expect("a pipe") == 0 {
            return last;
        }
        last = announced(&line).unwrap_or(last);
    }
}

#[test]
fn a_killed_process_leaves_a_whole_checkpoint() -> Result<()> {
    let folder = Folder::new("a_killed_process");
    let path = folder.file("run.safetensors");
    let mut moments = ChaCha8Rng::seed_from_u64(3);
    let mut expected = Training::new()?;
    let (mut fewest, mut abandoned) = (0, 0);
    for _ in 0..KILLS {
        let announcements = moments.random_range(1..=3);
        let begun = kill_one(&path, announcements, Duration::from_micros(moments.random_range(0..10_000)));
        fewest += announcements - 1;
        let checkpoint = Checkpoint::open(&path)?;
        // The step before the last announcement was written before it.
        assert!((begun - 1..=begun).contains(&checkpoint.step), "step {} of {begun}", checkpoint.step);
        // The file is that of the step, to the bit.
        while expected.step < checkpoint.step {
            expected.advance()?;
        }
        let mut found = Training::new()?;
        found.resume(&checkpoint)?;
        assert_eq!(bits(&found.model), bits(&expected.model));
        assert!(checkpoint == expected.checkpoint()?);
        // Each writing removes what the one before has left.
        let left: Vec<_> = folder.names().into_iter().filter(|name| name != "run.safetensors").collect();
        assert!(left.len() <= 1, "{left:?}");
        abandoned += left.len();
    }
    expected.checkpoint()?.save(&path)?;
    assert_eq!(folder.names(), ["run.safetensors"]);
    println!("{abandoned} of {KILLS} processes were killed while they wrote");
    assert!(expected.step >= fewest, "{} steps of at least {fewest}", expected.step);
    Ok(())
}
