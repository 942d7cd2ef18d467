//! One conformance suite of the stores, run against both databases: a promise that holds on one
//! and not on the other is a bug of the second.
//!
//! Every case is written once, takes a [`World`], and is named in its file's `on_both!`; a case
//! that is not named there is dead code, and the compiler says so.

mod alert;
mod approval;
mod audience;
mod campaign;
mod check;
mod claim;
mod clock;
mod digest;
mod doubt;
pub(crate) mod engine;
mod event;
mod freeze;
mod hours;
mod import;
mod look;
mod message;
mod opening;
mod overdue;
pub(crate) mod people;
mod post;
mod recover;
mod reminder;
mod schema;
mod sequel;
mod settle;
mod steer;
mod story;
mod world;

pub(crate) use crate::support::raw;
pub(crate) use world::World;

/// Makes two tests of each case: one on SQLite, one on Postgres.
macro_rules! on_both {
    ($($case:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&crate::store::World::on_sqlite().await).await;
            })+
        }

        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&crate::store::World::on_postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both;
