//! The daily summary, and what it is made of.

use bulletin::campaign::{self, State as Campaign};
use bulletin::transport::Outcome;

use super::{DAY, HOUR, MINUTE, OPERATOR, Watched, reply, with_canary};
use crate::store::{World, on_both};

/// From the world's start, a Wednesday at 10:00, to the next morning at 7:00.
const TO_SEVEN: u64 = 21 * HOUR;

on_both!(
    a_canary_that_cannot_sing_needs_a_person,
    a_summary_comes_only_when_something_needs_a_person,
    many_daemons_send_one_summary,
    a_summary_that_no_relay_takes_is_tried_again,
);

/// A mailing that waits, with words of a server that are nobody's business.
async fn paused(w: &World) {
    w.reader("ben", "news", "immediate").await;
    w.post("hello", "announcement").await;
    let id = w.announce("hello").await.id;
    let mut write = w.write().await;
    let reason = Some("550 <ben@example.org>: not from you");
    let (from, to) = (Campaign::Running, Campaign::Paused);
    assert!(campaign::store::change(&mut write, id, from, to, reason, w.now()).await.unwrap());
    write.commit().await.unwrap();
}

async fn a_canary_that_cannot_sing_needs_a_person(w: &World) {
    let it = with_canary(w);
    let command = "`bulletin subscriber add ann@example.org --list news --confirmed` subscribes it";
    let none = format!("the canary of the list News does not read it; {command}");
    assert_eq!(it.needs().await, [none]);
    assert_eq!(w.raw.number("SELECT count(*) FROM subscriber").await, 0, "never by itself");
    w.reader("ann", "news", "immediate").await;
    assert_eq!(it.needs().await, [""; 0]);
    w.leave("ann").await;
    assert_eq!(it.needs().await, [format!("the canary of the list News has left it; {command}")]);
    w.suppress("ann").await;
    let [need] = it.needs().await.try_into().unwrap();
    assert!(
        need.contains("is suppressed and gets no mail; `bulletin suppression remove"),
        "{need}"
    );
}

async fn a_summary_comes_only_when_something_needs_a_person(w: &World) {
    let it = with_canary(w).with_summary_at_seven();
    w.reader("ann", "news", "immediate").await;
    it.look().await;
    w.pass(TO_SEVEN - 1);
    it.look().await;
    w.pass(1);
    it.look().await;
    assert!(it.mails().is_empty(), "nothing needs a person");
    w.leave("ann").await;
    paused(w).await;
    it.look().await;
    w.pass(DAY - 1);
    it.look().await;
    assert!(it.mails().is_empty(), "it waits for the morning");
    w.pass(1);
    it.look().await;
    it.look().await;
    assert_eq!(it.subjects(), ["2 things need a person"]);
    let mail = it.mails().pop().unwrap();
    assert_eq!(
        mail.text,
        "`bulletin status` shows this list as it stands now.\r\n\r\n\
         * Campaign 1 “About hello” is paused\r\n  `bulletin campaign resume 1`\r\n\r\n\
         * The canary of the list News has left it\r\n  \
           `bulletin subscriber add ADDRESS --list news --confirmed` subscribes\r\n  it\r\n\r\n\
         On a day when nothing needs a person there is no such mail.\r\n"
    );
    // a morning that was missed is made up for once
    w.pass(3 * DAY + HOUR);
    it.look().await;
    it.look().await;
    assert_eq!(it.mails().len(), 2);
}

async fn many_daemons_send_one_summary(w: &World) {
    let it = Watched::new(w).with_summary_at_seven();
    paused(w).await;
    it.many_look().await;
    for day in 0..3 {
        w.pass(if day == 0 { TO_SEVEN } else { DAY });
        it.many_look().await;
        assert_eq!(it.subjects(), vec!["1 thing needs a person"; day + 1]);
    }
}

async fn a_summary_that_no_relay_takes_is_tried_again(w: &World) {
    let it = Watched::new(w).with_summary_at_seven();
    paused(w).await;
    it.look().await;
    w.pass(TO_SEVEN);
    it.outbox.answer_once(OPERATOR, Ok(Outcome::Deferred(reply(450))));
    it.look().await;
    w.pass(MINUTE);
    it.look().await;
    assert!(it.mails().is_empty());
    w.pass(1);
    it.look().await;
    it.look().await;
    assert_eq!(it.mails().len(), 1);
}
