//! Writes every shipped email as it looks for several customers into a folder, to be looked at.
//!
//! `cargo run -p aftercart-email --example shots -- FOLDER PICTURES-URL`

use std::{fs, path::Path, process::ExitCode};

use aftercart_email::{Brand, Document, EmailData, FontStack, compile, shipped};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(pictures)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: shots FOLDER PICTURES-URL");
        return ExitCode::FAILURE;
    };
    match write_all(Path::new(&folder), &pictures) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn write_all(folder: &Path, pictures: &str) -> Result<(), Box<dyn std::error::Error>> {
    fs::create_dir_all(folder)?;
    let sample = EmailData::sample_with_pictures(pictures);
    let nobody = EmailData { reviews: Vec::new(), story: None, coupon: None, ..sample.clone() };
    let lone = EmailData { products: sample.products[..2].to_vec(), ..sample.clone() };
    let coupon = sample.coupon.clone();
    let bare = EmailData { coupon, ..EmailData::sample_bare() };
    // The pictures of the design show these letters where a mailbox uses its own.
    let brand = Brand {
        body_font: FontStack::new("Inter, Arial, sans-serif")?,
        heading_font: FontStack::new("Gelasio, 'Liberation Serif', Georgia, serif")?,
        ..Brand::sample()
    };
    for (name, yaml) in shipped() {
        let program = compile(&Document::parse(yaml)?, &brand)?;
        fs::write(folder.join(format!("{name}.mjml")), program.mjml())?;
        let cases = [("", &sample), ("-bare", &bare), ("-quiet", &nobody), ("-lone", &lone)];
        for (case, data) in cases {
            match program.render(data) {
                Ok(email) => {
                    println!(
                        "{name}{case}: {} ({}) | {} | {} bytes",
                        email.subject,
                        email.subject.chars().count(),
                        email.preheader,
                        email.html.len()
                    );
                    fs::write(folder.join(format!("{name}{case}.html")), email.html)?;
                    fs::write(folder.join(format!("{name}{case}.txt")), email.text)?;
                }
                Err(error) => println!("{name}{case}: {error}"),
            }
        }
    }
    Ok(())
}
