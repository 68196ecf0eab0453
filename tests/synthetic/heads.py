"""What stands above a message because of the programs and hosts it went through."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.synthetic.dates import PACIFIC, TWO_DIGITS, moment
from tests.synthetic.people import Style

if TYPE_CHECKING:
    from tests.synthetic.dates import Moment
    from tests.synthetic.dice import Dice
    from tests.synthetic.people import Person

__all__ = ["Heads", "MadeList"]

_WEEK: Final = 604800
_GMAIL_AUTHENTICATION: Final = (
    b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\n"
    b"        d=gmail.example; s=20230601; t=%d; x=%d; darn=lists.example.org;\n"
    b"        h=cc:to:subject:message-id:date:from:in-reply-to:references\n"
    b"         :mime-version:from:to:cc:subject:date:message-id:reply-to;\n"
    b"        bh=%b;\n        b=%b\n         %b\n         %b\n         %b\n         %b==\n"
    b"X-Google-DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\n"
    b"        d=1e100.example; s=20230601; t=%d; x=%d;\n"
    b"        h=cc:to:subject:message-id:date:from:in-reply-to:references\n"
    b"         :mime-version:x-gm-message-state:from:to:cc:subject:date:message-id\n         :reply-to;\n"
    b"        bh=%b;\n        b=%b\n"
    b"X-Gm-Message-State: AOJu0Y%b\n\t%b\nX-Google-Smtp-Source: AGHT+I%b=\n"
    b"X-Received: by 2002:a05:6402:%b:b0:%b:%b:%b with SMTP id\n %b-%bmr%dedt.%d.%d; %b\n"
)
_OUTLOOK_SEALS: Final = (
    b"ARC-Seal: i=1; a=rsa-sha256; s=arcselector10001; d=microsoft.example; cv=none;\n b=%b\n"
    b"ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=microsoft.example;\n s=arcselector10001;\n"
    b" h=From:Date:Subject:Message-ID:Content-Type:MIME-Version:X-MS-Exchange-AntiSpam-MessageData-ChunkCount"
    b":X-MS-Exchange-AntiSpam-MessageData-0;\n bh=%b;\n b=%b\n"
    b"ARC-Authentication-Results: i=1; mx.microsoft.example 1; spf=pass\n smtp.mailfrom=%b; dmarc=pass"
    b" action=none header.from=%b; dkim=pass\n header.d=%b; arc=none\n"
)
_OUTLOOK_FIELDS: Final = (
    b"X-MS-PublicTrafficType: Email\nX-MS-TrafficTypeDiagnostic: DM6PR%b:EE_|BY5PR%b:EE_\n"
    b"X-MS-Office365-Filtering-Correlation-Id: %b-%b-%b-%b-%b\nX-MS-Exchange-SenderADCheck: 1\n"
    b"X-MS-Exchange-AntiSpam-Relay: 0\n"
    b"X-Microsoft-Antispam: BCL:0;ARA:13230040|376014|366016|1800799024;\n"
    b"X-Microsoft-Antispam-Message-Info: =?us-ascii?Q?%b?=\n"
    b"X-MS-Exchange-AntiSpam-MessageData-0: =?us-ascii?Q?%b?=\nX-OriginatorOrg: %b\n"
    b"X-MS-Exchange-CrossTenant-Network-Message-Id: %b\n"
)
_SEND_EMAIL_AUTHENTICATION: Final = (
    b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=%b;\n\ts=k20201202; t=%d;\n\tbh=%b;\n"
    b"\th=From:To:Cc:Subject:Date:%bFrom;\n\tb=%b\n"
)
_MUTT_AUTHENTICATION: Final = (
    b"DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d=%b; s=mail;\n\tt=%d; bh=%b;\n"
    b"\th=Date:From:To:Cc:Subject:References:In-Reply-To;\n\tb=%b\n"
)
_THUNDERBIRD: Final = b"User-Agent: Mozilla Thunderbird\nContent-Language: en-US\n"
_HOP_TLS: Final = (
    b"Received: from %b (%b [192.0.2.%d])\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\n"
    b"\tby relay%d.%b (Postfix) with ESMTPS id %b;\n\t%b\n"
)
_HOP_MAIL: Final = b"Received: by mail-%b%b-f%d.%b with SMTP id %b.0\n        for <%b>; %b\n"
_HOP_HOME: Final = (
    b"Received: from [198.51.100.%d] (host-%d.dsl.example [198.51.100.%d])\n"
    b"        by smtp.%b with ESMTPSA id %b.%d.2;\n        %b\n"
)
_HOP_OUT: Final = (
    b"Received: from out-%d.mta0.%b (out-%d.mta0.%b. [2001:db8:203:375::%b])\n"
    b"        by gmr-mx.%b with ESMTPS id %b.%d.%b\n        for <%b>\n"
    b"        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);\n        %b\n"
)
_MAILMAN_TRACE: Final = (
    b"Received: from localhost (localhost [IPv6:::1])\n\tby lists.example.org (Postfix) with ESMTP id %b;\n\t%b\n"
    b"Received: from mx%d.example.org (mx.example.org [203.0.113.%d])\n"
    b"\tby lists.example.org (Postfix) with ESMTPS id %b\n\tfor <%b>; %b\n"
)
_MAILMAN_FIELDS: Final = (
    b"X-BeenThere: %(address)b\nX-Mailman-Version: 2.1.29\nPrecedence: list\n"
    b"List-Id: The %(name)b discussion list <%(name)b.lists.example.org>\n"
    b"List-Unsubscribe: <https://lists.example.org/mailman/options/%(name)b>, \n"
    b" <mailto:%(name)b-request@lists.example.org?subject=unsubscribe>\n"
    b"List-Archive: <https://lists.example.org/pipermail/%(name)b/>\nList-Post: <mailto:%(address)b>\n"
    b"List-Help: <mailto:%(name)b-request@lists.example.org?subject=help>\n"
    b"Errors-To: %(name)b-bounces@lists.example.org\nSender: %(name)b-bounces@lists.example.org\n"
)
_MLMMJ_TRACE: Final = (
    b"Return-Path: <%b+bounces-%d-archive=example.org@lists.example.org>\nX-Original-To: %b\n"
    b"Delivered-To: archive@example.org\n"
    b"Received: from mx.lists.example.org (mx.lists.example.org [203.0.113.%d])\n"
    b"\t(using TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits))\n"
    b"\t(No client certificate requested)\n\tby archive.example.org (Postfix) with ESMTPS id %b\n"
    b"\tfor <archive@example.org>; %b\n"
    b"Received: from smtp.subspace.example.org (relay.example.org [10.30.226.201])\n"
    b"\t(using TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits))\n"
    b"\t(No client certificate requested)\n\tby mx.lists.example.org (Postfix) with ESMTPS id %b\n"
    b"\tfor <%b>; %b\n"
    b"Authentication-Results: smtp.subspace.example.org;\n"
    b'\tdkim=pass (2048-bit key) header.d=%b header.i=@%b header.b="%b"\n'
)
_MLMMJ_FIELDS: Final = (
    b"X-Mailing-List: %(address)b\nPrecedence: bulk\nList-Id: <%(name)b.lists.example.org>\n"
    b"List-Subscribe: <mailto:%(name)b+subscribe@lists.example.org>\n"
    b"List-Unsubscribe: <mailto:%(name)b+unsubscribe@lists.example.org>\n"
    b"List-Archive: <https://lists.example.org/%(name)b/>\n"
)
_FOOTER: Final = (
    b"_______________________________________________\n%(name)b mailing list\n%(address)b\n"
    b"https://lists.example.org/mailman/listinfo/%(name)b\n"
)


class MadeList(NamedTuple):
    """A list; ``is_mailman`` tells that it marks subjects and puts a footer below."""

    name: bytes
    address: bytes
    is_mailman: bool

    def fields(self) -> bytes:
        """Return the fields that the list's software adds."""
        names = {b"name": self.name, b"address": self.address}
        return (_MAILMAN_FIELDS if self.is_mailman else _MLMMJ_FIELDS) % names

    def footer(self) -> bytes:
        """Return what it puts below a text."""
        return _FOOTER % {b"name": self.name, b"address": self.address}


class Heads:
    """Writes the fields of programs and hosts."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice

    def message_id(self, style: Style, author: Person, when: Moment) -> bytes:
        """Return a Message-ID as the program makes them."""
        dice = self._dice
        stamp = when.day.digits + when.clock.replace(b":", b"")
        form = dice.bits(3)
        if style is Style.SEND_EMAIL:
            process = 100 + dice.below(99899)
            return b"<%b.%d-%d-%b>" % (stamp, process, 1 + dice.bits(3), author.address)
        if style is Style.GMAIL:
            if not form:
                return b"<%x.camel@%b>" % (dice.bits(80), author.domain)
            text = base64.b64encode(dice.octets(36), b"+-").replace(b"+", b"_")
            return b"<CA%b@mail.gmail.example>" % text
        if style is Style.OUTLOOK:
            one, two = dice.hex(16).upper(), dice.hex(12).upper()
            region, host = dice.hex(4), TWO_DIGITS[dice.bits(4)]
            return b"<%bA%b@DM6PR%b.namprd%b.prod.outlook.example>" % (one, two, region, host)
        if form < 3:
            parts = b"-".join([dice.hex(digits) for digits in (8, 4, 4, 4, 12)])
            return b"<%b@%b>" % (parts, author.domain)
        if form < 6:
            return b"<%b.GA%d@%b>" % (stamp, dice.bits(15), author.domain)
        text = base64.b64encode(dice.octets(9)).replace(b"/", b"_")
        return b"<Z%b@%b>" % (text, author.domain)

    def of_program(
        self, style: Style, author: Person, dated: int, now: int, *, refers: bool
    ) -> tuple[bytes, bytes]:
        """Return the signatures of the sender's host, and the fields that name the program."""
        dice, domain = self._dice, author.domain
        if style is Style.GMAIL:
            return self._gmail(dated, now), b""
        if style is Style.OUTLOOK:
            return self._outlook(domain), b""
        if style is Style.SEND_EMAIL:
            signed = b"In-Reply-To:References:" if refers else b""
            hashed, signature = self._base64(32), self._base64(256)
            values = domain, dated, hashed, signed, signature
            program = b"X-Mailer: git-send-email 2.%d.%d\n" % (25 + dice.bits(4), dice.bits(2))
            return _SEND_EMAIL_AUTHENTICATION % values, program
        return self._mutt(domain, dated)

    def hops(self, style: Style, author: Person, address: bytes, now: int) -> bytes:
        """Return the Received fields of the way to the list."""
        dice, domain = self._dice, author.domain
        when = self.received(now)
        fields = []
        if style is not Style.GMAIL or dice.bits(1):
            host, relay = dice.bits(8), dice.bits(2)
            own = dice.hex(10).upper()
            fields.append(_HOP_TLS % (domain, domain, host, relay, domain, own, when))
        if style is not Style.MUTT or dice.bits(1):
            farm = dice.hex(1), dice.hex(1), dice.bits(8)
            fields.append(_HOP_MAIL % (*farm, domain, dice.hex(16), address, when))
        if dice.bits(1):
            hosts = dice.bits(8), dice.bits(8), dice.bits(8)
            fields.append(_HOP_HOME % (*hosts, domain, dice.hex(28), dice.bits(6), when))
        if dice.bits(2) == 0:
            one, two, net = dice.bits(7), dice.bits(7), dice.hex(2)
            queue = dice.hex(22), dice.bits(8), dice.hex(12)
            fields.append(_HOP_OUT % (one, domain, two, domain, net, domain, *queue, address, when))
        return b"".join(fields)

    def trace(self, made: MadeList, author: Person, sequence: int, now: int) -> bytes:
        """Return the fields of the way through the list."""
        dice, when = self._dice, self.received(now)
        if made.is_mailman:
            inner, host, net = dice.hex(10).upper(), dice.bits(2), dice.bits(8)
            outer = dice.hex(10).upper()
            return _MAILMAN_TRACE % (inner, when, host, net, outer, made.address, when)
        net, inner, outer = dice.bits(8), dice.hex(10).upper(), dice.hex(12).upper()
        domain = author.domain
        return _MLMMJ_TRACE % (
            made.name,
            sequence,
            made.address,
            net,
            inner,
            when,
            outer,
            made.address,
            when,
            domain,
            domain,
            self._base64(6),
        )

    def received(self, now: int) -> bytes:
        """Return a time as the hosts on the way write it."""
        return moment(now, PACIFIC).date + b" (PDT)"

    def _base64(self, octets: int) -> bytes:
        return base64.b64encode(self._dice.octets(octets))

    def _gmail(self, dated: int, now: int) -> bytes:
        dice = self._dice
        text = self._base64(300)
        until, hashed = dated + _WEEK, text[:43] + b"="
        lines = [text[at : at + 60] for at in (43, 103, 163, 223)] + [text[283:340]]
        second = self._base64(255)
        state = self._base64(42), self._base64(51), self._base64(66)
        net = dice.hex(4), dice.hex(3), dice.hex(4), dice.hex(4)
        own = dice.hex(19), dice.hex(20), dice.bits(20), dice.bits(5), now
        return _GMAIL_AUTHENTICATION % (
            dated,
            until,
            hashed,
            *lines,
            dated,
            until,
            hashed,
            second,
            *state,
            *net,
            *own,
            self.received(now),
        )

    def _outlook(self, domain: bytes) -> bytes:
        dice = self._dice
        text = self._base64(258)
        seals = _OUTLOOK_SEALS % (text, text[:43], self._base64(258), domain, domain, domain)
        regions = dice.hex(4), dice.hex(4)
        own = [dice.hex(digits) for digits in (8, 4, 4, 4, 12)]
        judged = self._base64(540), self._base64(420)
        return seals + _OUTLOOK_FIELDS % (*regions, *own, *judged, domain, dice.hex(32))

    def _mutt(self, domain: bytes, dated: int) -> tuple[bytes, bytes]:
        dice = self._dice
        signature = b""
        if dice.bits(1):
            signature = _MUTT_AUTHENTICATION % (domain, dated, self._base64(32), self._base64(64))
        if not dice.bits(1):
            return signature, _THUNDERBIRD
        major, minor = 5 + dice.bits(3), dice.bits(4)
        year, month, day = (
            TWO_DIGITS[low + dice.bits(bits)] for low, bits in ((17, 2), (1, 3), (1, 4))
        )
        version = b"1.%d.%d (20%b-%b-%b)" % (major, minor, year, month, day)
        return signature, b"User-Agent: Mutt/%b\n" % version
