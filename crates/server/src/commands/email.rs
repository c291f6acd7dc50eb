//! `aftercart email`: the email a real customer would get, and what is wrong with one.

use std::path::{Path, PathBuf};

use aftercart_email::{Document, lint};
use aftercart_model::TemplateId;
use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::{
    cli::{Common, EmailCommand, EmailLintArgs, EmailRenderArgs},
    output::{Output, count},
    shop,
};

pub fn run(common: &Common, command: &EmailCommand) -> Result<()> {
    match command {
        EmailCommand::Render(args) => render(common, args),
        EmailCommand::Lint(args) => lint_email(common, args),
    }
}

#[derive(Serialize)]
struct Written {
    html_file: PathBuf,
    text_file: PathBuf,
    html_bytes: usize,
    subject: String,
    preheader: String,
    products: Vec<String>,
}

fn render(common: &Common, args: &EmailRenderArgs) -> Result<()> {
    let text_file = args.out.with_extension("txt");
    ensure!(
        text_file != args.out,
        "`--out` is `{}`, where the text part goes; end it with .html",
        args.out.display()
    );
    let shop = shop::open(common)?;
    let customer = shop.engine.find_customer(&args.customer)?;
    let template = TemplateId::new(&*args.template)?;
    let rendered = shop
        .engine
        .preview_email(&template, customer, shop.now())
        .with_context(|| format!("cannot render for customer `{}`", args.customer))?;
    let write = |path: &Path, content: &str| {
        std::fs::write(path, content).with_context(|| format!("cannot write `{}`", path.display()))
    };
    write(&args.out, &rendered.html)?;
    write(&text_file, &rendered.text)?;
    let written = Written {
        html_file: args.out.clone(),
        text_file,
        html_bytes: rendered.html.len(),
        subject: rendered.subject,
        preheader: rendered.preheader,
        products: rendered.products,
    };
    Output::new(common).result(&written, || {
        format!(
            "subject    {}\npreheader  {}\nproducts   {}\nwritten    {} ({} bytes) and {}",
            written.subject,
            written.preheader,
            written.products.join(", "),
            written.html_file.display(),
            count(written.html_bytes as u64),
            written.text_file.display(),
        )
    })
}

fn lint_email(common: &Common, args: &EmailLintArgs) -> Result<()> {
    let shop = shop::open(common)?;
    let document = if Path::new(&args.template).is_file() {
        std::fs::read_to_string(&args.template)
            .with_context(|| format!("cannot read `{}`", args.template))?
    } else {
        shop.engine.template_document(&TemplateId::new(&*args.template)?)?
    };
    let document = Document::parse(&document)?;
    let findings: Vec<String> =
        lint(&document, shop.engine.brand()).iter().map(ToString::to_string).collect();
    Output::new(common).result(&findings, || {
        if findings.is_empty() { "nothing to mend".to_owned() } else { findings.join("\n") }
    })?;
    ensure!(findings.is_empty(), "the email has findings to mend");
    Ok(())
}
