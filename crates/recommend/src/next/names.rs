//! Which products have names alike: all that is known of one that was never sold.

use std::collections::HashMap;

use aftercart_model::Product;
use rayon::prelude::*;

use super::links::Links;

/// Names that have less in common say nothing of each other.
const ALIKE_MIN: f32 = 0.1;

/// The cosines of names as bags of words, a rare word weighing more (tf-idf).
pub(super) fn alike(products: &[Product], size: usize) -> Links {
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut names: Vec<Vec<u32>> = vec![Vec::new(); size];
    for product in products {
        let name = &mut names[product.id.index()];
        for word in words(&product.name) {
            let next = u32::try_from(numbers.len()).expect("fewer than 2^32 words");
            name.push(*numbers.entry(word).or_insert(next));
        }
        name.sort_unstable();
        name.dedup();
    }
    let mut bearers: Vec<Vec<u32>> = vec![Vec::new(); numbers.len()];
    for (product, name) in (0..).zip(&names) {
        name.iter().for_each(|it| bearers[*it as usize].push(product));
    }
    let weight = |word: u32| (products.len() as f32 / bearers[word as usize].len() as f32).ln();
    let norm = |name: &Vec<u32>| {
        name.iter().map(|it| weight(*it).powi(2)).sum::<f32>().sqrt().max(f32::MIN_POSITIVE)
    };
    let norms: Vec<f32> = names.iter().map(norm).collect();
    let scratch = || (vec![0.0_f32; size], Vec::<u32>::new());
    let others = names.par_iter().enumerate();
    Links::from_rows(others.map_init(scratch, |(shared, touched), (product, name)| {
        for word in name {
            let squared = weight(*word).powi(2);
            for &other in &bearers[*word as usize] {
                if shared[other as usize] == 0.0 {
                    touched.push(other);
                }
                shared[other as usize] += squared;
            }
        }
        let cosine = |it: u32| shared[it as usize] / (norms[product] * norms[it as usize]);
        let others = touched.iter().filter(|it| **it as usize != product);
        let row = others.map(|it| (*it, cosine(*it))).filter(|it| it.1 >= ALIKE_MIN).collect();
        touched.drain(..).for_each(|it| shared[it as usize] = 0.0);
        row
    }))
}

/// The words of a name in capitals, singular, sizes and colours among them, without the smallest.
fn words(name: &str) -> impl Iterator<Item = String> {
    const SMALL: [&str; 9] = ["A", "AND", "FOR", "IN", "OF", "ON", "THE", "TO", "WITH"];
    let plain = |token: &str| -> String {
        let mut word: String =
            token.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_uppercase).collect();
        if word.chars().count() > 3 && word.ends_with('S') && !word.ends_with("SS") {
            word.pop();
        }
        word
    };
    let words = name.split_whitespace().map(plain);
    words.filter(|it| it.chars().nth(1).is_some() && !SMALL.contains(&it.as_str()))
}

#[cfg(test)]
mod tests {
    use aftercart_model::ProductId;

    use super::*;

    #[test]
    fn names_are_alike_by_their_rare_words() {
        let names = ["Red heart holder", "Blue hearts holder", "Red kettle", "Tin", "Blue tin"];
        let product = |(id, name): (u32, &&str)| Product::bare(ProductId(id), "", name, 1);
        let products: Vec<Product> = (0..).zip(&names).map(product).collect();
        let links = alike(&products, names.len());
        let of = |it: usize| links.of(it).collect::<HashMap<usize, f32>>();
        assert!(of(0)[&1] > of(0)[&2] && !of(0).contains_key(&3));
        assert!((of(3)[&4] - of(4)[&3]).abs() < 1e-6);
        assert!(links.of(0).all(|(other, weight)| other != 0 && weight <= 1.0));
    }
}
