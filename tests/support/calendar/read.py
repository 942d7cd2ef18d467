"""Says of each iCalendar file that is named what icalendar and libical read in it, as a line of JSON.

icalendar knows the zones of the world by their names, so it reads each file twice: as it is, and under a
name of its zone that nobody can know, so that only the VTIMEZONE in it tells the time. libical goes by
the VTIMEZONE always.
"""

import json
import re
import sys
from datetime import timezone

import gi
import icalendar

gi.require_version("ICalGLib", "3.0")
from gi.repository import ICalGLib as libical  # noqa: E402

sys.stdout.reconfigure(encoding="utf-8")


def by_icalendar(data):
    calendar = icalendar.Calendar.from_ical(data)
    [event] = calendar.walk("VEVENT")
    if event.errors:
        raise ValueError(event.errors)

    def text(name):
        return None if event.get(name) is None else str(event.get(name))

    def instant(name):
        time = event[name].dt
        if time.tzinfo is None:
            raise ValueError(f"{time} floats")
        return int(time.astimezone(timezone.utc).timestamp())

    attendees = event.get("ATTENDEE", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    return {
        "method": str(calendar["METHOD"]),
        "starts": instant("DTSTART"),
        "ends": instant("DTEND"),
        "stamp": instant("DTSTAMP"),
        "uid": text("UID"),
        "sequence": int(event["SEQUENCE"]),
        "status": text("STATUS"),
        "summary": text("SUMMARY"),
        "location": text("LOCATION"),
        "description": text("DESCRIPTION"),
        "url": text("URL"),
        "organizer": [event["ORGANIZER"].params["CN"], str(event["ORGANIZER"])],
        "attendees": [[one.params.get("CN"), one.params["RSVP"], str(one)] for one in attendees],
    }


def by_libical(data):
    calendar = libical.Component.new_from_string(data.decode("utf-8"))
    if calendar.count_errors() > 0:
        raise ValueError("libical found mistakes")
    kind, prop, param = libical.ComponentKind, libical.PropertyKind, libical.ParameterKind
    if calendar.count_components(kind.VEVENT_COMPONENT) != 1:
        raise ValueError("not one event")
    event = calendar.get_first_component(kind.VEVENT_COMPONENT)

    def first(name):
        return event.get_first_property(getattr(prop, name + "_PROPERTY"))

    def text(name):
        found = first(name)
        return None if found is None else getattr(found, "get_" + name.lower())()

    def instant(time):
        if not time.is_utc() and time.get_timezone() is None:
            raise ValueError(f"{time.as_ical_string()} floats")
        return time.as_timet_with_zone(time.get_timezone())

    def person(found, name):
        cn = found.get_first_parameter(param.CN_PARAMETER)
        return [None if cn is None else cn.get_cn(), getattr(found, "get_" + name)()]

    attendees = []
    found = first("ATTENDEE")
    while found is not None:
        rsvp = found.get_first_parameter(param.RSVP_PARAMETER).get_rsvp()
        cn, address = person(found, "attendee")
        attendees.append([cn, "TRUE" if rsvp == libical.ParameterRsvp.TRUE else "FALSE", address])
        found = event.get_next_property(prop.ATTENDEE_PROPERTY)
    return {
        "method": calendar.get_first_property(prop.METHOD_PROPERTY).get_value_as_string(),
        "starts": instant(event.get_dtstart()),
        "ends": instant(event.get_dtend()),
        "stamp": instant(event.get_dtstamp()),
        "uid": event.get_uid(),
        "sequence": event.get_sequence(),
        "status": first("STATUS").get_value_as_string(),
        "summary": text("SUMMARY"),
        "location": text("LOCATION"),
        "description": text("DESCRIPTION"),
        "url": text("URL"),
        "organizer": person(first("ORGANIZER"), "organizer"),
        "attendees": attendees,
    }


for number, name in enumerate(sys.argv[1:]):
    with open(name, "rb") as file:
        data = file.read()
    zone = re.search(rb"\r\nTZID:([^\r\n]*)", data)
    unknown = data
    if zone:
        nobody_knows = b"X-%d" % number
        unknown = data.replace(b"TZID:" + zone[1], b"TZID:" + nobody_knows)
        unknown = unknown.replace(b"TZID=" + zone[1], b"TZID=" + nobody_knows)
    said = {
        "icalendar": by_icalendar(data),
        "icalendar, not knowing the zone": by_icalendar(unknown),
        "libical": by_libical(data),
    }
    print(json.dumps(said, ensure_ascii=False))
