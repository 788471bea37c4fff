//! Handwritten digits in Rust: trains a network on pictures, stores it, loads it, and asks it about
//! pictures that it has not seen.
//!
//!     MARTLET_PREFIX=/usr/local cargo run --release -- FOLDER digits.safetensors
//!
//! FOLDER holds MNIST's four files, or smaller ones that examples/make_digits.py writes. A model's
//! file that is there already is only loaded: it may come from the same program in another
//! language. After the same seed all of them find the same losses, which stand here in hexadecimal,
//! too, for nothing to be rounded away.

mod martlet;

use martlet::{Array, Model, Result, Symbol};
use std::io::Write;
use std::path::Path;

const CLASSES: usize = 10;
const EPOCHS: usize = 8;
const BATCH_SIZE: i64 = 32;

/// What an IDX file holds: two zero bytes, the type (8: bytes), the number of axes; the extents,
/// big-endian; the values.
struct Idx {
    shape: Vec<i64>,
    values: Vec<u8>,
}

fn read_idx(path: &Path, axes: usize) -> Result<Idx> {
    let content = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let head = 4 + 4 * axes;
    if content.len() < head || content[2] != 8 || content[3] as usize != axes {
        return Err(format!(
            "{} is no IDX file of bytes with {axes} axes",
            path.display()
        ));
    }
    let extent = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |sum, &byte| 256 * sum + i64::from(byte))
    };
    let shape: Vec<i64> = content[4..head].chunks(4).map(extent).collect();
    let values = content[head..].to_vec();
    if values.len() as i64 != shape.iter().product::<i64>() {
        return Err(format!("{} is cut short, or too long", path.display()));
    }
    Ok(Idx { shape, values })
}

struct Pictures {
    images: Idx,
    labels: Idx,
}

/// part: "train" or "test"
fn read_pictures(folder: &str, part: &str) -> Result<Pictures> {
    let folder = Path::new(folder);
    let mut images = read_idx(&folder.join(format!("{part}-images.idx3-ubyte")), 3)?;
    images.shape.push(1); // images are channels last
    let labels = read_idx(&folder.join(format!("{part}-labels.idx1-ubyte")), 1)?;
    Ok(Pictures { images, labels })
}

fn make_model(picture_shape: &[i64]) -> Result<Model> {
    let input = Symbol::input(picture_shape, "picture")?;
    let output = input
        .then("Rescaling", r#"{"scale": 0.00392156862745098}"#)?
        .then(
            "Conv2D",
            r#"{"filters": 32, "kernel_size": 3, "activation": "relu"}"#,
        )?
        .then("MaxPooling2D", "{}")?
        .then("Dropout", r#"{"rate": 0.25}"#)?
        .then("Flatten", "{}")?
        .then("Dense", r#"{"units": 10, "activation": "softmax"}"#)?;
    let mut model = Model::new(&input, &output, "digits")?;
    model.compile(
        r#"{
        "optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.003}},
        "losses": [{"class_name": "SparseCategoricalCrossentropy"}],
        "metrics": [[{"class_name": "Accuracy", "name": "accuracy"}]]}"#,
    )?;
    Ok(model)
}

fn train(model: &mut Model, data: &Pictures) -> Result<()> {
    let x = Array::new(&data.images.values, &data.images.shape);
    let y = Array::new(&data.labels.values, &data.labels.shape);
    for epoch in 1..=EPOCHS {
        // Draws over the line of the batch before.
        let results = model.train(&x, &y, BATCH_SIZE, |done, count, values| {
            print!(
                "\repoch {epoch}/{EPOCHS}: batch {done} of {count}, loss {:.4}",
                values[0]
            );
            std::io::stdout().flush().ok();
        })?;
        let (loss, accuracy) = (results[0], results[1]);
        println!(
            "\repoch {epoch}/{EPOCHS}: loss {loss:.4} ({}), accuracy {accuracy:.4}",
            hexadecimal(loss)
        );
    }
    Ok(())
}

fn test(model: &mut Model, data: &Pictures) -> Result<()> {
    let x = Array::new(&data.images.values, &data.images.shape);
    let probabilities = model.predict(&x, CLASSES)?;
    let mut right = 0;
    let mut sure = 0.0; // the sum of what the right digits were given
    for (given, &label) in probabilities.chunks(CLASSES).zip(&data.labels.values) {
        let best = (0..CLASSES).max_by(|&a, &b| given[a].total_cmp(&given[b]));
        right += usize::from(best == Some(label.into()));
        sure += f64::from(given[usize::from(label)]);
    }
    let count = data.labels.values.len();
    let mean = sure / count as f64;
    let accuracy = right as f64 / count as f64;
    print!("{right} of {count} test pictures are told right: accuracy {accuracy:.4}, ");
    println!("mean probability {mean:.4} ({})", hexadecimal(mean));
    Ok(())
}

/// A positive number as C's %a has it.
fn hexadecimal(value: f64) -> String {
    let bits = value.to_bits();
    let exponent = (bits >> 52) as i64 - 1023;
    let fraction = format!("{:013x}", bits & ((1 << 52) - 1));
    format!("0x1.{}p{exponent:+}", fraction.trim_end_matches('0'))
}

fn run(folder: &str, path: &str) -> Result<()> {
    if Path::new(path).exists() {
        println!("{path} is there already and not trained again");
    } else {
        let data = read_pictures(folder, "train")?;
        martlet::set_random_seed(7);
        let mut model = make_model(&data.images.shape[1..])?;
        train(&mut model, &data)?;
        model.save(path)?;
    }
    let mut model = Model::load(path)?;
    test(&mut model, &read_pictures(folder, "test")?)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.len() != 2 {
        eprintln!("usage: digits FOLDER MODEL.safetensors");
        std::process::exit(2);
    }
    if let Err(message) = run(&arguments[0], &arguments[1]) {
        eprintln!("{message}");
        std::process::exit(1);
    }
}
