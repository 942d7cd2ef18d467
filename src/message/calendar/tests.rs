use super::*;

fn meeting(starts: &str, ends: &str, timezone: Tz, rsvp: bool) -> Meeting {
    Meeting {
        starts: starts.parse().unwrap(),
        ends: ends.parse().unwrap(),
        timezone,
        place: None,
        join: None,
        rsvp,
        reminders: None,
    }
}

fn london(rsvp: bool) -> Meeting {
    meeting("2026-06-12T14:00:00", "2026-06-12T16:30:00", Tz::Europe__London, rsvp)
}

fn told(meeting: &Meeting, occasion: Occasion) -> Invitation {
    let address = EmailAddress::parse("news@example.org").unwrap();
    let words = Words {
        title: "Next meeting; with cake, and tea",
        place: Some(
            "Room 2, King's College London, Strand, London WC2R 2LS, United Kingdom – 2. Stock",
        ),
        description: "We meet.\n\nJoin the meeting online:\nhttps://meet.example.org/a?b=c&d"
            .to_owned(),
        url: Some("https://news.example.org/archive/next-meeting"),
        file_name: "invite.ics".into(),
        organizer: ("The \"Alliance\"", &address),
    };
    // Friday 22 May 2026, 09:00 UTC
    let edition =
        Edition { uid: "0123456789abcdef", sequence: 3, stamp: Timestamp(1_779_440_400_000) };
    invitation(meeting, occasion, &edition, &words)
}

#[test]
fn a_meeting_is_an_object_with_its_zone_and_its_event() {
    let told = told(&london(false), Occasion::News);
    assert_eq!(told.method, Method::Publish);
    let lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Bulletin//Bulletin//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "BEGIN:VTIMEZONE",
        "TZID:Europe/London",
        "BEGIN:STANDARD",
        "DTSTART:20251026T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0000",
        "TZNAME:GMT",
        "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "DTSTART:20260329T010000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0100",
        "TZNAME:BST",
        "END:DAYLIGHT",
        "END:VTIMEZONE",
        "BEGIN:VEVENT",
        "UID:0123456789abcdef",
        "DTSTAMP:20260522T090000Z",
        "SEQUENCE:3",
        "DTSTART;TZID=Europe/London:20260612T140000",
        "DTEND;TZID=Europe/London:20260612T163000",
        "STATUS:CONFIRMED",
        "SUMMARY:Next meeting\\; with cake\\, and tea",
        "LOCATION:Room 2\\, King's College London\\, Strand\\, London WC2R 2LS\\, United",
        "  Kingdom – 2. Stock",
        "DESCRIPTION:We meet.\\n\\nJoin the meeting online:\\nhttps://meet.example.org/",
        " a?b=c&d",
        "URL:https://news.example.org/archive/next-meeting",
        "ORGANIZER;CN=\"The 'Alliance'\":mailto:news@example.org",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ];
    assert_eq!(told.object, lines.join("\r\n"));
}

#[test]
fn only_a_meeting_that_asks_has_an_attendee_and_cancel_takes_both_back() {
    for (rsvp, occasion, method) in [
        (false, Occasion::News, "PUBLISH"),
        (false, Occasion::Reminder, "PUBLISH"),
        (false, Occasion::Update, "PUBLISH"),
        (false, Occasion::Cancellation, "CANCEL"),
        (true, Occasion::News, "REQUEST"),
        (true, Occasion::Reminder, "REQUEST"),
        (true, Occasion::Update, "REQUEST"),
        (true, Occasion::Cancellation, "CANCEL"),
    ] {
        let told = told(&london(rsvp), occasion);
        assert_eq!(told.method.as_str(), method);
        assert!(told.object.contains(&format!("\r\nMETHOD:{method}\r\n")), "{}", told.object);
        let status = if method == "CANCEL" { "CANCELLED" } else { "CONFIRMED" };
        assert!(told.object.contains(&format!("\r\nSTATUS:{status}\r\n")), "{}", told.object);
        let slots = usize::from(rsvp);
        assert_eq!(told.object.matches(&Slot::Attendee.mark()).count(), slots, "{occasion:?}");
    }
}

#[test]
fn the_attendee_is_the_recipient_and_adds_no_line() {
    let ann = EmailAddress::parse("ann@example.org").unwrap();
    let name = Line::parse("Ann;X=\"\\^n:,").unwrap();
    assert_eq!(
        attendee(&ann, Some(&name)),
        "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=\r\n \
         FALSE;CN=\"Ann;X='n:,\":mailto:ann@example.org"
    );
    let odd = EmailAddress::parse("a%b?c#d@bücher.example").unwrap();
    let folded = attendee(&odd, None);
    let whole = folded.replace("\r\n ", "");
    assert!(whole.ends_with(";RSVP=FALSE:mailto:a%25b%3Fc%23d@xn--bcher-kva.example"), "{folded}");
}

#[test]
fn a_line_is_folded_between_characters_and_an_end_is_never_left_alone() {
    let mut lines = Lines::default();
    lines.add(&"é".repeat(37));
    lines.add(&"é".repeat(38));
    lines.add(&"a".repeat(75));
    lines.add(&"a".repeat(76));
    let text = lines.into_text();
    let expected = [
        "é".repeat(37),
        "é".repeat(37),
        " é".to_owned(),
        "a".repeat(75),
        "a".repeat(75),
        " a".to_owned(),
        String::new(),
    ];
    assert_eq!(text, expected.join("\r\n"));
}

#[test]
fn an_hour_that_comes_twice_and_a_zone_of_its_own_are_told_by_their_instants() {
    let fold = meeting("2026-10-25T01:15:00", "2026-10-25T01:45:00", Tz::Europe__London, false);
    let object = told(&fold, Occasion::News).object;
    assert!(object.contains("\r\nDTSTART:20261025T001500Z\r\nDTEND:20261025T004500Z\r\n"));
    assert!(!object.contains("VTIMEZONE"));
    let utc = meeting("2026-06-12T14:00:00", "2026-06-12T16:30:00", Tz::UTC, false);
    let object = told(&utc, Occasion::News).object;
    assert!(object.contains("\r\nDTSTART:20260612T140000Z\r\n") && !object.contains("VTIMEZONE"));
}

#[test]
fn a_meeting_at_the_edges_of_time_is_written_at_once() {
    for (starts, ends) in [
        ("0001-01-01T00:00:00", "9999-12-31T23:59:00"),
        ("0001-01-01T00:00:00", "0001-01-01T01:00:00"),
        ("9999-12-31T22:00:00", "9999-12-31T23:59:00"),
    ] {
        let object = told(&meeting(starts, ends, Tz::Pacific__Apia, false), Occasion::News).object;
        assert!(object.ends_with("END:VCALENDAR\r\n"), "{object}");
    }
}

#[test]
fn a_zone_whose_clocks_follow_no_rule_tells_what_holds_during_the_event() {
    let ramadan =
        meeting("2026-02-14T14:00:00", "2026-02-16T14:00:00", Tz::Africa__Casablanca, false);
    let object = told(&ramadan, Occasion::News).object;
    assert!(!object.contains("RRULE"), "{object}");
    assert_eq!(object.matches("BEGIN:STANDARD").count(), 2, "{object}");
    let june = meeting("2026-06-12T14:00:00", "2026-06-12T15:00:00", Tz::Africa__Casablanca, false);
    let object = told(&june, Occasion::News).object;
    assert!(!object.contains("DAYLIGHT"), "{object}");
    assert!(object.contains("\r\nTZOFFSETTO:+0100\r\n"), "{object}");
}

#[test]
fn clocks_that_begin_to_change_during_the_event_were_what_they_were_before() {
    let cairo = meeting("2023-04-27T17:06:00", "2023-04-29T22:03:00", Tz::Africa__Cairo, false);
    let object = told(&cairo, Occasion::News).object;
    let zone = |name: &str| {
        let (_, rest) = object.split_once(&format!("BEGIN:{name}\r\n")).unwrap();
        rest.split_once(&format!("END:{name}")).unwrap().0.replace("\r\n", " ")
    };
    assert_eq!(
        zone("STANDARD"),
        "DTSTART:19700101T000000 TZOFFSETFROM:+0200 TZOFFSETTO:+0200 TZNAME:EET "
    );
    assert_eq!(
        zone("DAYLIGHT"),
        "DTSTART:20230428T000000 TZOFFSETFROM:+0200 TZOFFSETTO:+0300 TZNAME:EEST "
    );
}

#[test]
fn a_part_that_was_kept_has_the_method_of_its_object() {
    for (rsvp, occasion) in [
        (false, Occasion::News),
        (true, Occasion::News),
        (true, Occasion::Cancellation),
        (false, Occasion::Cancellation),
    ] {
        let told = told(&london(rsvp), occasion);
        assert_eq!(kept(told.object.clone(), None), told);
    }
}
