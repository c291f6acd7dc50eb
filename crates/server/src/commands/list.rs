//! `aftercart list`: customers gathered by hand or from a file.

use std::{fs, path::Path};

use aftercart_engine::ListChanged;
use aftercart_model::ListId;
use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::{
    cli::{Common, ListChangeArgs, ListCommand, ListCreateArgs, ListNameArgs, ListShowArgs},
    output::{Output, Table, count},
    shop::{self, Opened},
};

/// A file of so many bytes holds a few million addresses.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Heads of the column that says who, as exports call it.
const HEADS: [&str; 9] = [
    "email",
    "email address",
    "e-mail",
    "address",
    "id",
    "customer",
    "customer id",
    "customer_id",
    "external_id",
];

/// How many of those who lead to nobody are named.
const UNKNOWN_NAMED: usize = 5;

pub fn run(common: &Common, command: &ListCommand) -> Result<()> {
    let output = Output::new(common);
    let shop = shop::open(common)?;
    match command {
        ListCommand::Create(args) => create(output, &shop, args),
        ListCommand::Add(args) => change(output, &shop, args, "put on it", |list, customers| {
            shop.engine.add_to_list(list, customers, shop.now())
        }),
        ListCommand::Remove(args) => {
            change(output, &shop, args, "taken off it", |list, customers| {
                shop.engine.remove_from_list(list, customers, shop.now())
            })
        }
        ListCommand::Show(args) => match &args.list {
            Some(list) => show(output, &shop, list, args.limit),
            None => show_all(output, &shop, args),
        },
        ListCommand::Delete(args) => delete(output, &shop, args),
    }
}

#[derive(Serialize)]
struct Named {
    list: ListId,
}

#[derive(Serialize)]
struct Created<'a> {
    list: ListId,
    name: &'a str,
}

fn create(output: Output, shop: &Opened, args: &ListCreateArgs) -> Result<()> {
    let list = shop.engine.create_list(&args.name, shop.now())?;
    let created = Created { list, name: args.name.trim() };
    output.result(&created, || {
        let Created { list, name } = &created;
        format!(
            "List \"{name}\" is made as `{list}`; put customers on it with `aftercart list add {list}`"
        )
    })
}

fn change(
    output: Output,
    shop: &Opened,
    args: &ListChangeArgs,
    done: &str,
    change: impl Fn(&ListId, &[String]) -> Result<ListChanged>,
) -> Result<()> {
    let list = shop.engine.find_list(&args.list)?;
    let mut customers = args.customers.clone();
    if let Some(file) = &args.file {
        customers.extend(read_file(file)?);
    }
    let changed = change(&list.id, &customers)?;
    output.result(&changed, || {
        format!(
            "`{}`: {} {done}, {} as they were, {} unknown",
            list.id,
            count(changed.changed),
            count(changed.unchanged),
            count(changed.unknown.len() as u64)
        )
    })?;
    if !changed.unknown.is_empty() {
        let named: Vec<&str> =
            changed.unknown.iter().take(UNKNOWN_NAMED).map(String::as_str).collect();
        let more = if changed.unknown.len() > named.len() { ", …" } else { "" };
        output.hint(format!(
            "No customer is known by {}{more}; import customers first, with `aftercart import \
             customers`.",
            named.join(", ")
        ));
    }
    Ok(())
}

fn show_all(output: Output, shop: &Opened, _: &ListShowArgs) -> Result<()> {
    let lists = shop.engine.list_lists()?;
    output.result(&lists, || {
        let mut table = Table::new(&["list", "name", " customers"]);
        for it in &lists {
            table.row([it.id.to_string(), it.name.clone(), count(it.customers)]);
        }
        table.to_string()
    })
}

fn show(output: Output, shop: &Opened, list: &str, limit: usize) -> Result<()> {
    let list = shop.engine.find_list(list)?;
    let members = shop.engine.show_list(&list.id, limit)?;
    let zone = shop.engine.shop().zone();
    output.result(&members, || {
        let mut table = Table::new(&["customer", "name", "address", "on it since"]);
        for it in &members {
            table.row([
                it.id.clone(),
                it.name.clone(),
                it.email.clone().unwrap_or_default(),
                zone.to_datetime(it.added_at).date().to_string(),
            ]);
        }
        table.to_string()
    })?;
    if members.len() == limit {
        output.hint(format!("These are the first {limit}; ask for more with --limit."));
    }
    Ok(())
}

fn delete(output: Output, shop: &Opened, args: &ListNameArgs) -> Result<()> {
    let list = shop.engine.find_list(&args.list)?.id;
    shop.engine.delete_list(&list, shop.now())?;
    let named = Named { list };
    output.result(&named, || format!("List `{}` is deleted; its customers stay", named.list))
}

fn read_file(file: &Path) -> Result<Vec<String>> {
    let fail = || format!("cannot read `{}`", file.display());
    let bytes = fs::metadata(file).with_context(fail)?.len();
    if bytes > FILE_BYTES_MAX {
        bail!(
            "`{}` has {bytes} bytes; split it into files of at most {FILE_BYTES_MAX}",
            file.display()
        );
    }
    let text = fs::read(file).with_context(fail)?;
    column(&text).with_context(fail)
}

/// The values of the column that says who: the one with a known head, else the first.
fn column(text: &[u8]) -> Result<Vec<String>> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let (mut at, mut values) = (0, Vec::new());
    for (index, row) in reader.records().enumerate() {
        let row = row?;
        let head = |it: &str| HEADS.contains(&it.trim().to_lowercase().as_str());
        if index == 0
            && let Some(found) = row.iter().position(head)
        {
            at = found;
            continue;
        }
        let value = row.get(at).unwrap_or_default().trim();
        if !value.is_empty() {
            values.push(value.to_owned());
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_that_says_who_is_found() {
        let of = |text: &str| column(text.as_bytes()).unwrap();
        assert_eq!(
            of("ana@mail.example\ntom@mail.example\n"),
            ["ana@mail.example", "tom@mail.example"]
        );
        assert_eq!(of("Name,E-mail\nAna,ana@mail.example\n,\n"), ["ana@mail.example"]);
        assert_eq!(of("\u{feff}Email,Name\r\n\"a@b.example\",\"A, B\"\r\n"), ["a@b.example"]);
        assert_eq!(of("id\n7\n8\n"), ["7", "8"]);
        assert_eq!(of(""), Vec::<String>::new());
    }
}
