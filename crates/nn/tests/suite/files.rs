//! Files that are damaged, hostile or in the way.

use crate::support::folder::Folder;
use crate::support::model::{bits, net, train};
use nn::{Adam, Checkpoint, Ema, Error, ErrorKind, LoadWeights, Result, load_weights, save_weights};
use proptest::prelude::*;
use rand::{SeedableRng, rngs::ChaCha8Rng};
use std::fs;
use std::io;

fn checkpoint() -> Checkpoint {
    let make = || {
        let (mut model, mut rng) = (net::<f32>(1), ChaCha8Rng::seed_from_u64(2));
        let mut adam = Adam::new(0.01)?;
        train(&mut model, &mut adam, &mut rng, 2)?;
        let mut checkpoint = Checkpoint::of(&model, &adam)?;
        checkpoint.set_ema(&Ema::new(&model, 0.9)?.state()?)?;
        checkpoint.set_numbers("loss", [1.0, 0.5]);
        checkpoint.set_rng("data", &rng);
        checkpoint.step = 2;
        Ok::<_, Error>(checkpoint)
    };
    make().expect("a checkpoint of a small training")
}

/// The fault of a content, without the name of the file.
fn content(error: &Error) -> &ErrorKind {
    match error.kind() {
        ErrorKind::File { source, .. } => source.kind(),
        other => other,
    }
}

fn is_data(error: &Error) -> bool {
    matches!(content(error), ErrorKind::Data { .. })
}

#[test]
fn every_truncation_is_refused() {
    let bytes = checkpoint().to_bytes();
    for length in 0..bytes.len() {
        let error = Checkpoint::from_bytes(&bytes[..length]).unwrap_err();
        assert!(is_data(&error), "{length}: {error}");
        let mut model = net::<f32>(3);
        let error = LoadWeights::new().load_bytes(&mut model, &bytes[..length]).unwrap_err();
        assert!(is_data(&error), "{length}: {error}");
    }
    let longer: Vec<u8> = bytes.iter().copied().chain([0]).collect();
    assert!(is_data(&Checkpoint::from_bytes(&longer).unwrap_err()));
}

#[test]
fn every_flipped_bit_is_noticed_or_means_nothing() {
    let whole = checkpoint();
    let mut bytes = whole.to_bytes();
    let mut refused = 0;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            match Checkpoint::from_bytes(&bytes) {
                // Such as a space that became a tab.
                Ok(read) => assert!(read == whole, "bit {bit} of byte {at}"),
                Err(error) => {
                    assert!(is_data(&error), "{error}");
                    refused += 1;
                }
            }
            bytes[at] ^= 1 << bit;
        }
    }
    assert!(refused as f64 > 0.98 * 8.0 * bytes.len() as f64, "{refused} of 8 * {}", bytes.len());
}

/// What is done to the bytes of a file.
#[derive(Debug, Clone)]
enum Change {
    Set(usize, u8),
    Insert(usize, u8),
    Remove(usize),
    Repeat(usize, usize),
    Cut(usize),
}

fn change() -> impl Strategy<Value = Change> {
    // Half of them in the list, where most can go wrong.
    let at = || prop_oneof![0..64usize, 0..1600usize, any::<usize>()];
    let sign = prop_oneof![any::<u8>(), prop::sample::select(b"0123456789{}[]\",:-/xe".to_vec())];
    let sign = sign.boxed();
    prop_oneof![
        (at(), sign.clone()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at(), sign).prop_map(|(at, byte)| Change::Insert(at, byte)),
        at().prop_map(Change::Remove),
        (at(), 1..80usize).prop_map(|(at, length)| Change::Repeat(at, length)),
        at().prop_map(Change::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let length = bytes.len().max(1);
    match *change {
        _ if bytes.is_empty() => {}
        Change::Set(at, byte) => bytes[at % length] = byte,
        Change::Insert(at, byte) => bytes.insert(at % length, byte),
        Change::Remove(at) => drop(bytes.remove(at % length)),
        Change::Repeat(at, count) => {
            let from = at % length;
            let piece = bytes[from..length.min(from + count)].to_vec();
            bytes.splice(from..from, piece);
        }
        Change::Cut(at) => bytes.truncate(at % length),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_files_are_refused_or_read(
        changes in prop::collection::vec(change(), 1..4),
        mend_length in any::<bool>(),
    ) {
        let mut bytes = checkpoint().to_bytes();
        let list = u64::from_le_bytes(bytes[..8].try_into().unwrap());
        let data = bytes.len() as u64 - list;
        changes.iter().for_each(|change| apply(&mut bytes, change));
        // So that changes of the list are looked at.
        if mend_length && bytes.len() as u64 > data {
            let list = bytes.len() as u64 - data;
            bytes[..8].copy_from_slice(&list.to_le_bytes());
        }
        if let Err(error) = Checkpoint::from_bytes(&bytes) {
            prop_assert!(is_data(&error), "{error}");
        }
        let mut model = net::<f64>(3);
        let before = bits(&model);
        if let Err(error) = LoadWeights::new().load_bytes(&mut model, &bytes) {
            let is_typed = is_data(&error) || matches!(error.kind(), ErrorKind::Mismatch { .. });
            prop_assert!(is_typed, "{error}");
            prop_assert_eq!(bits(&model), before);
        }
    }
}

/// A file with this list, and this much after it.
fn with_list(list: &str, data: usize) -> Vec<u8> {
    let mut bytes = (list.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(list.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[test]
fn hostile_lists_are_refused() {
    let texts = r#""__metadata__":{"checkpoint.version":"1","step":"0","epoch":"0"}"#;
    let huge = |length: u64| [&length.to_le_bytes()[..], b"{}      "].concat();
    let of = |entries: &str, data| with_list(&format!("{{{texts},{entries}}}"), data);
    let w = r#""w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
    let cases = [
        ("a length past the end", huge(9)),
        ("the largest length", huge(u64::MAX)),
        ("a length that wraps around", huge(u64::MAX - 7)),
        ("a length of 100 GB", huge(100_000_000_000)),
        (
            "100 GB of data",
            of(r#""w":{"dtype":"F32","shape":[25000000000],"data_offsets":[0,100000000000]}"#, 4),
        ),
        (
            "a size that wraps around",
            of(r#""w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}"#, 0),
        ),
        (
            "bytes that wrap around",
            of(r#""w":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}"#, 0),
        ),
        ("offsets backwards", of(r#""w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}"#, 4)),
        (
            "overlapping tensors",
            of(&format!(r#"{w},"v":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#), 4),
        ),
        ("a gap", of(r#""w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}"#, 8)),
        ("a name twice", of(&format!("{w},{w}"), 4)),
        ("data without a tensor", of(w, 8)),
        ("half a byte", of(r#""w":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}"#, 1)),
        ("an unknown type", of(r#""w":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}"#, 4)),
        ("a negative length", of(r#""w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}"#, 4)),
        ("a shape of fractions", of(r#""w":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}"#, 4)),
        ("no list", with_list("", 0)),
        ("deep nesting", with_list(&"[".repeat(1_000_000), 0)),
        ("deep nesting in an entry", of(&format!(r#""w":{}"#, "{\"a\":".repeat(1_000_000)), 0)),
        ("no bytes", Vec::new()),
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0".to_vec()),
        ("a pickle", b"PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0".to_vec()),
    ];
    for (what, bytes) in cases {
        let error = Checkpoint::from_bytes(&bytes).expect_err(what);
        assert!(is_data(&error), "{what}: {error}");
        let error = LoadWeights::new().load_bytes(&mut net::<f32>(1), &bytes).expect_err(what);
        assert!(is_data(&error), "{what}: {error}");
    }
    // An axis of any length beside one of none has no bytes, and is no array.
    let empty = of(r#""arrays/w":{"dtype":"F32","shape":[9223372036854775808,0],"data_offsets":[0,0]}"#, 0);
    let checkpoint = Checkpoint::from_bytes(&empty).unwrap();
    assert!(is_data(&checkpoint.array::<f32>("w").unwrap_err()));
}

#[test]
fn a_newer_version_is_refused_by_both_readers() {
    let list = r#"{"__metadata__":{"checkpoint.version":"2"}}"#;
    let message = "checkpoint: expected a checkpoint of a version up to 1, got version 2";
    assert_eq!(Checkpoint::from_bytes(&with_list(list, 0)).unwrap_err().to_string(), message);
    let error = LoadWeights::new().load_bytes(&mut net::<f32>(1), &with_list(list, 0)).unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn a_changed_number_is_told_by_the_check_sum() -> Result<()> {
    let folder = Folder::new("a_changed_number");
    let path = folder.file("weights.safetensors");
    let model = net::<f32>(1);
    save_weights(&model, &path)?;
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, &bytes).unwrap();
    let mut other = net::<f32>(2);
    let error = load_weights(&mut other, &path).unwrap_err();
    assert!(error.to_string().contains("weights.safetensors"), "{error}");
    assert!(error.to_string().contains("expected content with the check sum"), "{error}");
    assert_eq!(bits(&other), bits(&net::<f32>(2)));
    Ok(())
}

#[test]
fn paths_that_cannot_be_read_are_named() {
    let folder = Folder::new("paths_that_cannot_be_read");
    let path = folder.file("missing.safetensors");
    for error in [Checkpoint::open(&path).unwrap_err(), load_weights(&mut net::<f32>(1), &path).unwrap_err()]
    {
        let ErrorKind::Io { path: named, action, kind, .. } = error.kind() else { panic!("{error}") };
        assert_eq!((named, *action, *kind), (&path, "open", io::ErrorKind::NotFound));
        assert!(error.to_string().starts_with(&format!("cannot open `{}`: ", path.display())), "{error}");
        assert_eq!(error.clone(), error);
    }
    let inside = folder.file("");
    let error = Checkpoint::open(&inside).unwrap_err();
    let expected = "checkpoint: expected an ordinary file, got a folder";
    assert_eq!(error.to_string(), format!("file `{}`: {expected}", inside.display()));
}

#[test]
fn a_failed_writing_leaves_everything_as_it_was() {
    let folder = Folder::new("a_failed_writing");
    let checkpoint = checkpoint();
    let path = folder.file("none/run.safetensors");
    let error = checkpoint.save(&path).unwrap_err();
    let ErrorKind::Io { action, kind, .. } = error.kind() else { panic!("{error}") };
    assert_eq!((*action, *kind), ("write", io::ErrorKind::NotFound));

    let taken = folder.file("folder");
    fs::create_dir(&taken).unwrap();
    let error = checkpoint.save(&taken).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::File { .. }), "{error}");
    let error = checkpoint.save("").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Io { .. }), "{error}");
    assert_eq!(folder.names(), ["folder"]);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    #[test]
    fn devices_and_sockets_are_left_alone() {
        let folder = Folder::new("sockets");
        // Short names: a socket's path has about a hundred bytes.
        let path = std::env::temp_dir().join(format!("nn-{}", std::process::id()));
        let socket = UnixListener::bind(&path).unwrap();
        let expected = "expected an ordinary file, got a device, pipe or socket";
        let opened = Checkpoint::open(&path).unwrap_err().to_string();
        let saved = checkpoint().save(&path).unwrap_err().to_string();
        let is_socket = fs::metadata(&path).unwrap().file_type().is_socket();
        drop(socket);
        fs::remove_file(&path).unwrap();
        assert!(opened.ends_with(expected), "{opened}");
        assert!(saved.ends_with(expected), "{saved}");
        assert!(is_socket);
        assert_eq!(folder.names(), [""; 0]);
    }

    #[test]
    fn a_link_is_followed() {
        let folder = Folder::new("links");
        let (file, link) = (folder.file("run.safetensors"), folder.file("latest"));
        fs::write(&file, "old").unwrap();
        symlink("run.safetensors", &link).unwrap();
        checkpoint().save(&link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(Checkpoint::open(&file).unwrap() == checkpoint());
        assert_eq!(folder.names(), ["latest", "run.safetensors"]);
    }

    #[test]
    fn permissions_are_those_of_a_new_file() {
        let folder = Folder::new("permissions");
        let (plain, ours) = (folder.file("plain"), folder.file("ours"));
        fs::write(&plain, "").unwrap();
        checkpoint().save(&ours).unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }
}

#[test]
fn what_killed_processes_left_is_removed() {
    let folder = Folder::new("what_killed_processes_left");
    let abandoned = folder.file(".run.safetensors.4000000000.0.tmp");
    fs::write(&abandoned, "half").unwrap();
    let written = fs::File::create(folder.file(".run.safetensors.4000000000.1.tmp")).unwrap();
    written.lock().unwrap();
    fs::write(folder.file(".run.safetensors.mine.tmp"), "").unwrap();
    checkpoint().save(folder.file("run.safetensors")).unwrap();
    assert_eq!(
        folder.names(),
        [".run.safetensors.4000000000.1.tmp", ".run.safetensors.mine.tmp", "run.safetensors"]
    );
    drop(written);
    checkpoint().save(folder.file("run.safetensors")).unwrap();
    assert_eq!(folder.names(), [".run.safetensors.mine.tmp", "run.safetensors"]);
}

#[test]
fn writers_and_readers_at_once_see_whole_files() {
    let folder = Folder::new("writers_and_readers");
    let path = folder.file("run.safetensors");
    let with_step = |step| {
        let mut checkpoint = checkpoint();
        checkpoint.step = step;
        checkpoint
    };
    let (first, second) = (with_step(10), with_step(20));
    first.save(&path).unwrap();
    std::thread::scope(|scope| {
        for each in [&first, &second] {
            let path = &path;
            scope.spawn(move || (0..50).for_each(|_| each.save(path).unwrap()));
        }
        for _ in 0..200 {
            let read = Checkpoint::open(&path).unwrap();
            assert!(read == first || read == second);
        }
    });
    assert_eq!(folder.names(), ["run.safetensors"]);
}
