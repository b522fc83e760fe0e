#!/usr/bin/python3
"""Writes the binary seeds, corpus/<target>/<name>: each a shape that has bitten somebody, or that opens a door. They are
in the tree, as their names are documentation; this says what is in them. Those of `configuration` and `classifier` are
text, and written by hand. A CVE without a name is PgBouncer's."""

import base64
import hashlib
import hmac
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
SSL, GSS, CANCEL, V3 = 80877103, 80877104, 80877102, 3 << 16


def u16(number):
    return struct.pack(">H", number)


def u32(number):
    return struct.pack(">I", number)


def z(text):
    return text.encode() + b"\0"


def message(kind, body=b"", length=None):
    return kind.encode() + u32(len(body) + 4 if length is None else length) + body


def packet(code, body=b"", length=None):
    return u32(len(body) + 8 if length is None else length) + u32(code) + body


def startup(*pairs, version=V3):
    return packet(version, b"".join(z(each) for each in pairs) + b"\0")


def sync():
    return message("S")


# SCRAM, as far as a client with the right password needs it ---------------------------------------------------------

SALT, ITERATIONS = b"salt of 16 bytes", 16


def b64(data):
    return base64.b64encode(data).decode()


def keyed(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


SALTED = hashlib.pbkdf2_hmac("sha256", b"pencil", SALT, ITERATIONS)
CLIENT_KEY, SERVER_KEY = keyed(SALTED, "Client Key"), keyed(SALTED, "Server Key")
STORED_KEY = hashlib.sha256(CLIENT_KEY).digest()


def challenge(nonce, iterations=ITERATIONS):
    return f"r={nonce},s={b64(SALT)},i={iterations}"


def final(bare, nonce, header="n,,", attributes=""):
    """client-final-message with a proof that holds, and server-final-message."""
    without = f"c={b64(header.encode('latin-1'))},r={nonce}{attributes}"
    signed = f"{bare},{challenge(nonce)},{without}"
    proof = bytes(a ^ b for a, b in zip(CLIENT_KEY, keyed(STORED_KEY, signed)))
    return f"{without},p={b64(proof)}", "v=" + b64(keyed(SERVER_KEY, signed))


def lines(*parts):
    return "\n".join(parts).encode("latin-1") + b"\n"


def sasl_initial(data, length=None, mechanism="SCRAM-SHA-256"):
    return message("p", z(mechanism) + u32(len(data) if length is None else length) + data)


# The seeds ----------------------------------------------------------------------------------------------------------

def client_messages():
    parse = message("P", z("s") + z("select $1") + u16(1) + u32(23))
    bind = message("B", z("") + z("s") + u16(0) + u16(1) + u32(1) + b"7" + u16(0))
    execute = message("E", z("") + u32(0))
    extended = parse + message("D", b"S" + z("s")) + bind + execute
    return {
        "query": message("Q", z("select 1")),
        "pipeline": extended + sync() + extended + sync(),
        "parse_to_execute_and_flush_without_sync": extended + message("H") + sync(),
        "query_behind_extended_messages": extended + message("Q", z("select 2")),
        "query_without_its_nul": message("Q", b"select 1"),
        "bind_that_counts_more_than_it_has": message("B", z("") + z("s") + u16(65535) + u16(65535)) + sync(),
        "bind_with_a_value_of_4_gb": message("B", z("") + z("") + u16(0) + u16(1) + u32(0xFFFFFFF0)) + sync(),
        "parse_that_counts_more_than_it_has": message("P", z("") + z("") + u16(0xFFFF)) + sync(),
        "describe_of_no_kind": message("D", b"X" + z("s")) + sync(),
        "close_and_function_call": message("C", b"P" + z("p")) + sync() + message("F", u32(1598) + u16(0) * 3),
        "copy_and_late_sync": message("d", b"1\n") + sync() + message("d", b"2\n") + message("c") + message("f", z("no")),
        "terminate_and_more": message("X") + message("Q", z("select 1")),
        "batch_too_long": message("P", z("") + z("x" * 600) + u16(0)) + sync() + message("Q", z("y")),
        "length_0": message("Q", length=0),
        "length_3": message("Q", length=3),
        "length_2_to_31_cve_2026_6668": message("Q", b"select", length=1 << 31),
        "length_2_to_32_minus_1_cve_2026_107348": message("P", b"", length=0xFFFFFFFF),
        "startup_again_cve_2026_107350": startup("user", "app"),
        "password_where_none_is_due": message("p", z("secret")),
    }


def server_replies():
    parse, bind, describe, execute, close, sync_due, query, local_parse = 0, 1, 2, 4, 5, 6, 7, 9
    hidden = 16

    def due(kinds, *answers, manner=1):
        return bytes([manner, len(kinds)]) + bytes(kinds) + b"".join(answers)

    ready, failed = message("Z", b"I"), message("Z", b"E")
    tag = message("C", z("SELECT 1"))
    row = message("D", u16(1) + u32(1) + b"7")
    columns = message("T", u16(1) + z("a") + u32(0) + u16(0) + u32(23) + u16(4) + u32(0xFFFFFFFF) + u16(0))
    error = message("E", b"SERROR\0VERROR\0C22012\0Mdivision by zero\0\0")
    copy_in = message("G", b"\0" + u16(1) + u16(0))
    extended = [parse, bind, execute, sync_due]
    return {
        "query": due([query], columns, row, tag, ready),
        "extended": due(extended, message("1"), message("2"), row, tag, ready),
        "described_by_us": due([describe | hidden, sync_due | hidden], message("t", u16(1) + u32(23)), columns, ready),
        "skips_to_sync": due(extended + extended, message("1"), error, ready, message("1"), message("2"), tag, ready),
        "portal_suspended": due([bind, execute, sync_due], message("2"), row, message("s"), ready),
        "described_and_then_local": due([describe, local_parse, sync_due], message("t", u16(0)), columns, ready),
        "local_in_its_turn": due([query, local_parse, sync_due], row, tag, ready, ready),
        "replaced_error": due([query], error, ready, manner=1 | 4),
        "stops_and_keeps": due([query, query], tag, ready, tag, ready, manner=1 | 16),
        "copy_in_and_syncs": due([execute, sync_due, sync_due], copy_in, tag, ready),
        "copy_in_fails_with_syncs_in_doubt": due([execute, sync_due], copy_in, error, failed, message("3"), failed,
                                                 manner=1 | 32),
        "copy_out": due([query], message("H", b"\0" + u16(0)), message("d", b"1\n"), message("c"), tag, ready),
        "error_without_sqlstate_cve_2026_6666": due([query], message("E", b"SERROR\0Moops\0\0"), ready),
        "error_without_fields": due([query], message("E", b"\0"), ready),
        "error_without_end": due([query], message("E", b"SERROR\0C22012"), ready),
        "row_and_then_a_length_of_0": due([query], row, row, message("D", length=0)),
        "row_and_then_more_than_is_held": due([query], row, row, message("E", length=0x7FFFFFFF)),
        "row_of_2_gb": due([query], message("D", b"\0\1", length=0x7FFFFFFF)),
        "length_2_to_31_cve_2026_6668": due([query], message("C", length=1 << 31)),
        "ready_nobody_waits_for": due([query], tag, ready, ready),
        "unasked": due([], message("A", u32(1) + z("channel") + z("")), message("S", z("TimeZone") + z("UTC")),
                       message("N", b"SNOTICE\0C00000\0Mhello\0\0")),
        "closed_and_not_there": due([close, sync_due], message("3"), message("K", u32(1) + u32(2)), ready),
        "conflict_with_recovery": due([query], message("E", b"SERROR\0VERROR\0C40001\0Mconflict with recovery\0"
                                                            b"RProcessInterrupts\0\0"), ready),
        "plan_out_of_date": due([execute, sync_due], message("E", b"VERROR\0C0A000\0Mcached plan must not change result "
                                                                  b"type\0RRevalidateCachedQuery\0\0"), ready),
    }


def first_packets():
    return {
        "startup": startup("user", "app", "database", "shop", "application_name", "psql"),
        "ssl_request": packet(SSL),
        "gss_request": packet(GSS),
        "ssl_request_and_data_behind_it_cve_2021_3935": packet(SSL) + startup("user", "app"),
        "gss_request_and_data_behind_it_postgresql_cve_2021_23214": packet(GSS) + startup("user", "app"),
        "ssl_and_gss_forever_postgresql_cve_2026_6479": (packet(SSL) + packet(GSS)) * 8,
        "direct_tls": b"\x16\3\1\0\5\1\0\0\1\0",
        "cancel": packet(CANCEL, u32(7) + u32(8)),
        "cancel_of_32_bytes": packet(CANCEL, u32(7) + bytes(range(32))),
        "cancel_of_257_bytes": packet(CANCEL, u32(7) + b"k" * 257),
        "cancel_without_key": packet(CANCEL),
        "protocol_3_2": startup("user", "app", version=V3 | 2),
        "protocol_3_9999_with_options": startup("_pq_.test_protocol_negotiation", "", "user", "app", version=V3 | 9999),
        "protocol_2": startup("user", "app", version=2 << 16),
        "options": startup("user", "app", "options", r"-c search_path=a\ b --work-mem=1MB -cgeqo=off"),
        "options_with_an_empty_name_cve_2026_107349": startup("user", "app", "options", "-c="),
        "options_that_end_in_a_backslash": startup("user", "app", "options", "-c a=b\\"),
        "options_that_end_in_dash_c": startup("user", "app", "options", "-c"),
        "replication": startup("user", "app", "replication", "database"),
        "no_user": startup("database", "shop"),
        "name_without_value": packet(V3, z("user") + z("app") + z("database")),
        "no_terminator": packet(V3, b"user\0app"),
        "bytes_behind_the_terminator": packet(V3, z("user") + z("app") + b"\0more"),
        "length_0": packet(V3, length=0),
        "length_7": packet(V3, length=7),
        "length_2_to_31": packet(V3, length=1 << 31),
        "length_2_to_32_minus_1": packet(V3, length=0xFFFFFFFF),
        "length_one_too_many": packet(V3, length=10005),
    }


def login():
    name, ours = "app", "client-nonce"
    bare, nonce = f"n=,r={ours}", f"{ours}server-nonce"
    begin = startup("user", name, "database", "shop")
    first = sasl_initial(f"n,,{bare}".encode())
    proof = message("p", final(bare, nonce)[0].encode())
    bound_bare = f"n=,r={ours}"
    bound = "p=tls-server-end-point,,"
    bound_proof = message("p", final(bound_bare, nonce, bound + "h" * 32)[0].encode())
    ways_in = ("ssl", "gss", "direct", "cancel", "replication", "no_user", "protocol_3_9999", "options")
    found = {each: content for each, content in first_packets().items() if each.startswith(ways_in)}
    found.update({
        "the_right_password": begin + first + proof,
        "the_right_password_of_another_user": startup("user", "other") + first + proof,
        "the_right_password_over_tls": b"\x16" + begin
                                       + sasl_initial(f"{bound}{bound_bare}".encode(), mechanism="SCRAM-SHA-256-PLUS")
                                       + bound_proof,
        "tls_and_no_binding_though_it_was_offered": b"\x16" + begin + sasl_initial(f"y,,{bare}".encode()),
        "no_initial_data": begin + sasl_initial(b"", length=0xFFFFFFFF) + message("p", f"n,,{bare}".encode()) + proof,
        "data_of_4_gb_cve_2026_6664": begin + sasl_initial(b"AAAA", length=0xFFFFFFFF),
        "data_longer_than_the_message": begin + sasl_initial(f"n,,{bare}".encode(), length=0x7FFFFFFF),
        "mechanism_without_nul": begin + message("p", b"SCRAM-SHA-256"),
        "unknown_mechanism": begin + sasl_initial(b"n,,", mechanism="PLAIN"),
        "final_without_nonce_cve_2026_19888": begin + first + message("p", b"c=biws,p="),
        "final_without_proof": begin + first + message("p", f"c=biws,r={nonce}".encode()),
        "startup_within_scram_cve_2026_107350": begin + first + startup("user", "admin") + proof,
        "ssl_request_within_scram": begin + packet(SSL) + first,
        "query_before_the_proof": begin + message("Q", z("select 1")),
        "terminate_before_the_proof": begin + message("X"),
        "password_of_2_gb": begin + message("p", length=0x7FFFFFFF),
        "password_of_4_gb_cve_2026_107348": begin + message("p", length=0xFFFFFFFF),
        "two_encryption_requests": packet(GSS) + packet(SSL) + packet(SSL),
    })
    return found


def scram():
    bare, nonce = "n=,r=client-nonce", "client-nonceour-nonce"
    right, _ = final(bare, nonce)
    extended, _ = final(bare, nonce, attributes=",x=extension")
    bound = "p=tls-server-end-point,,"
    bound_right, _ = final(bare, nonce, bound + "h" * 32)
    ours, theirs = "n=,r=our-nonce", "our-nonceserver-nonce"
    _, signature = final(ours, theirs)
    secret = f"SCRAM-SHA-256${ITERATIONS}:{b64(SALT)}${b64(STORED_KEY)}:{b64(SERVER_KEY)}"
    return {
        "server_right": lines("server", f"n,,{bare}", right),
        "server_right_with_an_extension": lines("server", f"n,,{bare}", extended),
        "server_bound": lines("bound server", f"{bound}{bare}", bound_right),
        "server_bound_to_another_type": lines("bound server", f"p=tls-unique,,{bare}"),
        "server_downgraded": lines("bound server", f"y,,{bare}", right),
        "server_authorization_identity": lines("server", f"n,a=admin,{bare}"),
        "server_mandatory_extension": lines("server", f"n,,m=x,{bare}"),
        "server_final_without_nonce_cve_2026_19888": lines("server", f"n,,{bare}", "c=biws,p="),
        "server_final_with_a_short_proof": lines("server", f"n,,{bare}", f"c=biws,r={nonce},p=AAAA"),
        "server_final_with_another_nonce": lines("server", f"n,,{bare}", right.replace("our-nonce", "her-nonce")),
        "server_final_again": lines("server", f"n,,{bare}", right, right),
        "server_nul": lines("server", "n,,n=,r=a\0b"),
        "client_genuine": lines("client", challenge(theirs), signature),
        "client_not_genuine": lines("client", challenge(theirs), "v=" + b64(bytes(32))),
        "client_refused": lines("client", challenge(theirs), "e=other-error"),
        "client_long_nonce_cve_2026_6665": lines("client", challenge(theirs + "n" * 480), "v="),
        "client_iterations_2_to_31_minus_1_cve_2026_6669": lines("client", challenge(theirs, (1 << 31) - 1)),
        "client_iterations_100000": lines("client", challenge(theirs, 100000)),
        "client_iterations_0": lines("client", challenge(theirs, 0)),
        "client_iterations_negative": lines("client", challenge(theirs, -1)),
        "client_iterations_without_end": lines("client", challenge(theirs, "9" * 40)),
        "client_nonce_without_the_servers": lines("client", challenge("our-nonce")),
        "client_empty_salt": lines("client", f"r={theirs},s=,i=16"),
        "client_attributes_in_another_order": lines("client", f"i=16,r={theirs},s={b64(SALT)}"),
        "secret": b"secret\n" + secret.encode(),
        "secret_without_keys": b"secret\nSCRAM-SHA-256$4096:c2FsdA==$:",
        "secret_md5": b"secret\nmd5" + b"0" * 32,
        "password_to_prepare": "secret\na\u00a0b\u00ad".encode(),
        "password_that_is_not_utf_8": b"secret\na\xff\xfe",
    }


def server_login():
    def authentication(code, rest=b""):
        return message("R", u32(code) + rest)

    ok, ready = authentication(0), message("Z", b"I")
    sasl = authentication(10, z("SCRAM-SHA-256") + b"\0")
    known = message("S", z("TimeZone") + z("UTC")) + message("K", u32(1) + u32(2))
    identity = message("T", u16(0)) + message("D", u16(1) + u32(16) + b"1700000000000000") + message("C", z("SELECT 1"))
    go_on = authentication(11, challenge("our-nonceserver").encode())
    return {
        "trust": ok + known + ready + identity + ready,
        "cleartext": authentication(3) + ok + ready,
        "md5": authentication(5, b"salt") + ok + ready,
        "md5_with_a_short_salt": authentication(5, b"sal"),
        "scram": sasl + go_on + authentication(12, b"v=" + b64(bytes(32)).encode()) + ok,
        "scram_and_ok_without_a_signature": sasl + go_on + ok + ready,
        "scram_and_ready_without_a_signature": sasl + go_on + ready,
        "scram_begun_again_and_again": (sasl + go_on) * 4,
        "scram_that_goes_on_before_it_begins": go_on + authentication(12, b"v="),
        "scram_long_nonce_cve_2026_6665": sasl + authentication(11, challenge("our-nonce" + "n" * 480).encode()),
        "scram_iterations_cve_2026_6669": sasl + authentication(11, challenge("our-nonceserver", 9999999).encode()),
        "only_channel_binding_in_the_clear": authentication(10, z("SCRAM-SHA-256-PLUS") + b"\0"),
        "mechanisms_without_end": authentication(10, b"SCRAM-SHA-256"),
        "gssapi": authentication(7),
        "no_code": message("R", b"\0\0"),
        "error": message("E", b"SFATAL\0VFATAL\0C28P01\0Mno\0\0"),
        "error_without_sqlstate_cve_2026_6666": message("E", b"SFATAL\0Mno\0\0"),
        "key_of_32_bytes": ok + message("K", u32(1) + bytes(32)),
        "start_that_is_null": ok + ready + message("D", u16(1) + u32(0xFFFFFFFF)) + ready,
        "start_with_an_error": ok + ready + message("E", b"C42501\0Mno\0\0") + ready,
        "negotiates_the_protocol": message("v", u32(V3) + u32(0)) + ok,
    }


def proxy_protocol():
    signature = b"\r\n\r\n\0\r\nQUIT\n"

    def binary(command, family, block, length=None):
        return signature + bytes([command, family]) + u16(len(block) if length is None else length) + block

    v4 = bytes([192, 0, 2, 1, 198, 51, 100, 2]) + u16(40000) + u16(5432)
    v6 = bytes(15) + b"\1" + bytes(15) + b"\2" + u16(40000) + u16(5432)
    return {
        "v1_tcp4": b"PROXY TCP4 192.0.2.1 198.51.100.2 40000 5432\r\n" + packet(SSL),
        "v1_tcp6": b"PROXY TCP6 2001:db8::1 ::2 40000 5432\r\n",
        "v1_unknown": b"PROXY UNKNOWN ffff::1 whatever 1 2\r\n",
        "v1_unknown_bare": b"PROXY UNKNOWN\r\n",
        "v1_longest": b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n",
        "v1_too_long": b"PROXY UNKNOWN " + b"x" * 100 + b"\r\n",
        "v1_line_feed_alone": b"PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n",
        "v1_port_65536": b"PROXY TCP4 192.0.2.1 198.51.100.2 65536 1\r\n",
        "v1_leading_zeros": b"PROXY TCP4 192.0.02.1 198.51.100.2 01 2\r\n",
        "v1_two_spaces": b"PROXY TCP4  192.0.2.1 198.51.100.2 1 2\r\n",
        "v1_nul": b"PROXY TCP4 192.0.2.1\0 198.51.100.2 1 2\r\n",
        "v2_local": binary(0x20, 0, b""),
        "v2_local_with_a_block": binary(0x20, 0x11, b"ignored"),
        "v2_tcp4": binary(0x21, 0x11, v4) + packet(SSL),
        "v2_tcp6": binary(0x21, 0x21, v6),
        "v2_unix": binary(0x21, 0x31, bytes(216)),
        "v2_udp": binary(0x21, 0x12, v4),
        "v2_tlvs": binary(0x21, 0x11, v4 + b"\1" + u16(10) + b"postgresql" + b"\4" + u16(0)),
        "v2_tlv_beyond_its_end": binary(0x21, 0x11, v4 + b"\1" + u16(65535)),
        "v2_too_short_for_its_addresses": binary(0x21, 0x21, v4),
        "v2_length_65535": binary(0x21, 0x11, v4, length=65535),
        "v2_length_5001": binary(0x21, 0x11, v4 + bytes(4989)),
        "v2_length_4096": binary(0x21, 0x11, v4, length=4096),
        "v2_version_1": binary(0x11, 0x11, v4),
        "v2_no_such_command": binary(0x2F, 0x11, v4),
        "v2_no_such_family": binary(0x21, 0xF1, v4),
        "not_proxy": startup("user", "app"),
    }


TARGETS = {"client_messages": client_messages, "server_replies": server_replies, "startup": first_packets, "login": login,
           "scram": scram, "server_login": server_login, "proxy_protocol": proxy_protocol}


def write(target, seeds):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    for name, content in seeds.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)


if __name__ == "__main__":
    for target, seeds in TARGETS.items():
        write(target, seeds())
