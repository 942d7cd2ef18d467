//! Replies as servers say them. The code is what the session has parsed; the text comes without it.

use super::{Bearing, advice, bearing, is_refused};
use crate::transport::{Reply, Stage};

fn judge(enhanced: &str, text: &str) -> Bearing {
    let enhanced = Some(enhanced.to_owned()).filter(|code| !code.is_empty());
    bearing(&Reply { stage: Stage::Rcpt, code: 550, enhanced, text: text.to_owned() })
}

fn all_are(expected: Bearing, replies: &[(&str, &str)]) {
    for (enhanced, text) in replies {
        assert_eq!(judge(enhanced, text), expected, "{enhanced} {text}");
    }
}

#[test]
fn an_address_that_takes_no_mail_is_hard() {
    all_are(
        Bearing::Hard,
        &[
            (
                "5.1.1",
                "The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos. https://support.google.com/mail/?p=NoSuchUser",
            ),
            (
                "5.1.1",
                "<ann@readers.example>: Recipient address rejected: User unknown in virtual mailbox table",
            ),
            (
                "5.1.1",
                "<ann@readers.example>: Recipient address rejected: User unknown in local recipient table",
            ),
            ("5.1.1", "User doesn't exist: ann@readers.example"),
            ("5.1.1", "Recipient address rejected: undeliverable address"),
            ("5.1.1", "<antispam@policy.example> user unknown"),
            ("5.1.0", "Address unknown"),
            ("5.1.2", "Host or domain name not found"),
            ("5.1.3", "The recipient address <ann@> is not a valid RFC 5321 address."),
            ("5.1.6", "Recipient no longer on server"),
            (
                "5.1.10",
                "Recipient address rejected: Domain readers.example does not accept mail (nullMX)",
            ),
            ("5.1.10", "RESOLVER.ADR.RecipientNotFound; not found"),
            ("5.2.1", "The email account that you tried to reach is inactive."),
            ("5.2.1", "The email account that you tried to reach is disabled."),
            ("5.2.1", "mailbox is no longer in use"),
            ("", "No such user here"),
            ("", "Unknown user: ann"),
            ("", "Invalid recipient <ann@readers.example>"),
            ("", "Unknown recipient"),
            ("", "No Such Mailbox"),
            ("", "mailbox unavailable (does not exist)"),
            ("", "This user doesn't have an account here (ann@readers.example)"),
            ("", "unknown or illegal alias: ann@readers.example"),
        ],
    );
}

#[test]
fn what_is_about_us_is_policy_whatever_its_code() {
    all_are(
        Bearing::Policy,
        &[
            (
                "5.7.26",
                "This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.",
            ),
            (
                "5.7.515",
                "Access denied, sending domain alliance.example doesn't meet the required authentication level.",
            ),
            ("5.7.1", "<ann@readers.example>: Relay access denied"),
            ("5.7.1", "Relaying denied. Proper authentication required."),
            ("", "relay not permitted"),
            ("5.7.54", "SMTP; Unable to relay recipient in non-accepted domain"),
            (
                "5.7.1",
                "Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
            ),
            (
                "5.7.1",
                "Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).",
            ),
            ("5.7.1", "Our system has detected that this message is likely unsolicited mail."),
            ("5.7.23", "The message was rejected because of Sender Policy Framework violation"),
            (
                "5.7.9",
                "Message not accepted for policy reasons. See https://senders.yahooinc.com/error-codes",
            ),
            (
                "5.7.1",
                "Unauthenticated email from alliance.example is not accepted due to domain's DMARC policy.",
            ),
            ("5.7.0", "Message rejected"),
            (
                "5.7.509",
                "Access denied, sending domain does not pass DMARC verification and has a DMARC policy of reject.",
            ),
            ("5.1.1", "message blocked as spam"),
            ("5.1.1", "rejected by local policy"),
            ("5.1.1", "Relay access denied, no such user here"),
            ("5.1.8", "<bulletin@alliance.example>: Sender address rejected: Domain not found"),
            (
                "",
                "Verification failed for <bulletin@alliance.example> No such user here Sender verify failed",
            ),
            ("", "Message contains spam or virus."),
            ("5.1.1", "Authentication required"),
        ],
    );
}

#[test]
fn all_else_fails_one_mail_and_no_address() {
    all_are(
        Bearing::Soft,
        &[
            ("5.2.2", "The email account that you tried to reach is over quota."),
            ("5.2.2", "Mailbox full"),
            ("5.1.1", "user unknown or mailbox full"),
            ("5.1.1", "Quota exceeded (mailbox for user is full)"),
            (
                "5.2.1",
                "The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.",
            ),
            ("", "Requested action not taken: mailbox unavailable"),
            ("5.5.0", "Requested action not taken: mailbox unavailable (S2017062302)."),
            ("5.5.1", "user unknown"),
            ("5.7.1", "user unknown"),
            ("5.7.13", "the mailbox is suspended"),
            ("5.4.1", "Recipient address rejected: Access denied. AS(201806281)"),
            ("5.4.6", "Routing loop detected"),
            ("5.3.4", "message too big for system"),
            ("5.3.4", "Message size exceeds fixed limit: too large"),
            ("5.6.0", "Lone CR or LF in headers"),
            ("5.0.0", "Command rejected"),
            ("", "we have never heard of them"),
            ("", "Transaction failed"),
        ],
    );
}

#[test]
fn a_campaign_is_refused_by_ten_people_or_by_everybody() {
    assert!(!is_refused(9, 10_000) && is_refused(10, 10_000));
    assert!(!is_refused(2, 3) && is_refused(3, 3));
}

#[test]
fn the_advice_quotes_the_reply_and_names_nobody() {
    let text = "no mail for <ann@readers.example>".into();
    let refused = Reply { stage: Stage::Rcpt, code: 550, enhanced: Some("5.7.26".into()), text };
    let advice = advice(&refused);
    assert!(advice.contains("550 5.7.26 no mail for <address>"), "{advice}");
    assert!(advice.contains("campaign resume") && !advice.contains('@'), "{advice}");
}
