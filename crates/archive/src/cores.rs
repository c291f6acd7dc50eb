//! One piece of work after another, on all cores.

use std::{sync::Mutex, thread};

/// The answers in the order of the questions. A core that is done takes the next question; after an
/// error no more are asked.
pub(crate) fn on_all_cores<A: Sync, B: Send, E: Send>(
    questions: &[A],
    ask: impl Fn(&A) -> Result<B, E> + Sync,
) -> Result<Vec<B>, E> {
    let next = Mutex::new(questions.iter().enumerate());
    let work = || {
        let mut answers = Vec::new();
        loop {
            let taken = next.lock().expect("no panic while held").next();
            let Some((place, question)) = taken else { return Ok(answers) };
            match ask(question) {
                Ok(answer) => answers.push((place, answer)),
                Err(why) => {
                    next.lock().expect("no panic while held").by_ref().for_each(drop);
                    return Err(why);
                }
            }
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from).min(questions.len());
    let parts: Vec<Result<Vec<(usize, B)>, E>> = thread::scope(|scope| {
        let others: Vec<_> = (1..cores).map(|_| scope.spawn(work)).collect();
        let own = work();
        let joined = others.into_iter().map(|it| it.join().expect("no panic on another core"));
        std::iter::once(own).chain(joined.collect::<Vec<_>>()).collect()
    });
    let mut answers = Vec::with_capacity(questions.len());
    for part in parts {
        answers.extend(part?);
    }
    answers.sort_unstable_by_key(|it| it.0);
    Ok(answers.into_iter().map(|it| it.1).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_in_the_order_of_the_questions() {
        let questions: Vec<u32> = (0..1_000).collect();
        let twice = on_all_cores(&questions, |it| Ok::<u32, ()>(it * 2)).unwrap();
        assert_eq!(twice, (0..1_000).map(|it| it * 2).collect::<Vec<_>>());
        let odd = on_all_cores(&questions, |it| if *it < 500 { Ok(()) } else { Err(*it) });
        assert!(odd.unwrap_err() >= 500);
        assert_eq!(on_all_cores(&[], |_: &u32| Ok::<u32, ()>(1)), Ok(Vec::new()));
    }
}
