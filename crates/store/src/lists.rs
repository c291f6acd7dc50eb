//! Lists: customers gathered by hand or by import.
//!
//! A customer who was found to be another is on whatever list any of the two was put on.

use aftercart_model::{CustomerId, ListId, Timestamp};
use anyhow::bail;

use crate::{
    Result,
    tx::Tx,
    value::{Row, values},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredList {
    pub id: ListId,
    pub name: String,
    pub created_at: Timestamp,
}

impl Tx<'_> {
    /// Makes a list, or names it anew.
    pub fn save_list(&mut self, list: &StoredList) -> Result<()> {
        let StoredList { id, name, created_at } = list;
        let sql = "INSERT INTO lists (id, name, created_at) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (id) DO UPDATE SET name = excluded.name";
        self.execute(sql, values![id, name, *created_at])?;
        self.touch_everybody();
        Ok(())
    }

    /// All lists, by id.
    pub fn lists(&mut self) -> Result<Vec<StoredList>> {
        self.all("SELECT id, name, created_at FROM lists ORDER BY id", &[], read_list)
    }

    pub fn list(&mut self, id: &ListId) -> Result<Option<StoredList>> {
        let sql = "SELECT id, name, created_at FROM lists WHERE id = ?1";
        self.first(sql, values![id], read_list)
    }

    /// Deletes a list; the customers on it stay. `false` if there is none.
    pub fn delete_list(&mut self, id: &ListId) -> Result<bool> {
        self.execute("DELETE FROM list_members WHERE list = ?1", values![id])?;
        self.touch_everybody();
        Ok(self.execute("DELETE FROM lists WHERE id = ?1", values![id])? > 0)
    }

    /// Puts a customer on a list; `false` if they were on it.
    pub fn add_to_list(
        &mut self,
        list: &ListId,
        customer: CustomerId,
        at: Timestamp,
    ) -> Result<bool> {
        if self.list(list)?.is_none() {
            bail!("list `{list}` is not in the store; create it first");
        }
        let root = self.root_of(customer)?;
        if self.is_on_list(list, root)? {
            return Ok(false);
        }
        let sql = "INSERT INTO list_members (list, customer, added_at) VALUES (?1, ?2, ?3)";
        self.execute(sql, values![list, root, at])?;
        self.touch(root);
        Ok(true)
    }

    /// Takes a customer off a list, under whichever of their numbers they were put on it; `false` if
    /// they were not on it.
    pub fn remove_from_list(&mut self, list: &ListId, customer: CustomerId) -> Result<bool> {
        let mut removed = 0;
        for member in self.members_of(customer)?.iter() {
            let sql = "DELETE FROM list_members WHERE list = ?1 AND customer = ?2";
            removed += self.execute(sql, values![list, *member])?;
        }
        let root = self.root_of(customer)?;
        self.touch(root);
        Ok(removed > 0)
    }

    fn is_on_list(&mut self, list: &ListId, customer: CustomerId) -> Result<bool> {
        let sql = "SELECT 1 FROM list_members WHERE list = ?1 AND customer = ?2";
        let found =
            self.of_members(customer, |tx, member| tx.all(sql, values![list, member], |_| Ok(())))?;
        Ok(!found.is_empty())
    }

    /// Who is on a list, with since when, in the order they were put on it.
    pub fn list_members(&mut self, list: &ListId) -> Result<Vec<(CustomerId, Timestamp)>> {
        let sql = "SELECT customer, added_at FROM list_members WHERE list = ?1 \
                   ORDER BY added_at, customer";
        let stored: Vec<(CustomerId, Timestamp)> =
            self.all(sql, values![list], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let merged = self.merged_customers()?;
        let mut seen = std::collections::HashSet::new();
        let of_root = |(it, at)| (merged.get(&it).copied().unwrap_or(it), at);
        Ok(stored.into_iter().map(of_root).filter(|(it, _)| seen.insert(*it)).collect())
    }

    /// The lists a customer is on, by id.
    pub fn lists_of(&mut self, customer: CustomerId) -> Result<Vec<StoredList>> {
        let sql = "SELECT l.id, l.name, l.created_at FROM list_members m \
                   JOIN lists l ON l.id = m.list WHERE m.customer = ?1 ORDER BY l.id";
        let mut lists =
            self.of_members(customer, |tx, member| tx.all(sql, values![member], read_list))?;
        lists.sort_by(|a, b| a.id.cmp(&b.id));
        lists.dedup();
        Ok(lists)
    }

    /// Who is on which list, as they were put on it; for questions about everybody.
    pub fn scan_list_members(
        &mut self,
        f: &mut dyn FnMut(ListId, CustomerId) -> Result<()>,
    ) -> Result<()> {
        let sql = "SELECT list, customer FROM list_members ORDER BY list, customer";
        self.scan(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)), &mut |(list, customer)| {
            f(list, customer)
        })
    }
}

fn read_list(row: &Row<'_>) -> Result<StoredList> {
    Ok(StoredList { id: row.get(0)?, name: row.get(1)?, created_at: row.get(2)? })
}
