#!/usr/bin/python3
# One libtorrent session, driven by JSON lines: a command a line on stdin, {"id", "result"} or {"id", "error"} a line on
# stdout. It ends at "stop" or when stdin closes, so that it never outlives the test. What the DHT sent and received
# is read from libtorrent's own alerts.
import hashlib
import json
import os
import re
import select
import sys
import tempfile
import threading
import time

import libtorrent as lt

# What libtorrent logs when it does not like what it got. Not "unknown transaction": a session with an IPv6 DHT asks IPv4
# routers in its name too, and logs that of the right answers. What answers nothing is found by `asked` instead.
COMPLAINT = re.compile(r'invalid|missing|malformed|incorrect', re.I)
KEPT = 200


class Refused(Exception):
    pass


class Session:
    def __init__(self, host, settings):
        self.changed = threading.Condition()
        self.port = {}
        self.bootstrapped = 0
        self.peers = {}
        self.found = {}
        self.put = {}
        self.samples = {}
        self.live = None
        self.asked = {}
        self.accepted = {}
        self.errors = []
        self.complaints = []
        self.counts = {}
        self.folder = tempfile.TemporaryDirectory(prefix='xorbit-libtorrent-')
        categories = lt.alert.category_t
        self.session = lt.session({
            'listen_interfaces': host,
            'enable_dht': True,
            'enable_lsd': False,
            'enable_upnp': False,
            'enable_natpmp': False,
            'alert_queue_size': 100000,
            'alert_mask': categories.dht_notification | categories.dht_operation_notification
            | categories.dht_log_notification | categories.status_notification | categories.error_notification,
            **settings,
        })
        # Not wait_for_alert: it looks at an alert that libtorrent may be moving, and crashes now and then.
        self.woken, wakes = os.pipe()
        self.session.set_alert_fd(wakes)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            if select.select([self.woken], [], [], 0.2)[0]:
                os.read(self.woken, 4096)
            with self.changed:
                for alert in self.session.pop_alerts():
                    self.read(alert)
                self.changed.notify_all()

    def read(self, alert):
        if isinstance(alert, lt.listen_succeeded_alert):
            if alert.socket_type == lt.socket_type_t.utp:
                self.port[str(alert.address)] = alert.port
        elif isinstance(alert, lt.listen_failed_alert):
            keep(self.complaints, alert.message())
        elif isinstance(alert, lt.dht_bootstrap_alert):
            self.bootstrapped += 1
        elif isinstance(alert, lt.dht_get_peers_reply_alert):
            found = self.peers.setdefault(str(alert.info_hash), set())
            found.update((str(host), port) for host, port in alert.peers())
        elif isinstance(alert, lt.dht_live_nodes_alert):
            self.live = [(str(node['nid']), *map(plain, node['endpoint'])) if isinstance(node, dict)
                         else (str(node[0]), *map(plain, node[1])) for node in alert.nodes]
        elif isinstance(alert, lt.dht_immutable_item_alert):
            self.found[(str(alert.target), '')] = (True, item_of(alert))
        elif isinstance(alert, lt.dht_mutable_item_alert):
            self.item(alert)
        elif isinstance(alert, lt.dht_put_alert):
            self.put_done(alert)
        elif isinstance(alert, lt.dht_sample_infohashes_alert):
            host, port = alert.endpoint
            self.samples[f'{host}:{port}'] = {
                'interval': int(alert.interval.total_seconds()), 'num': alert.num_infohashes,
                'samples': sorted(str(each) for each in alert.samples)}
        elif isinstance(alert, lt.dht_pkt_alert):
            self.packet(alert)
        elif isinstance(alert, lt.dht_log_alert) and COMPLAINT.search(alert.message()):
            keep(self.complaints, alert.message())

    # Several come for one question: whatever is better than what came before, and at the end one that is authoritative.
    def item(self, alert):
        found = item_of(alert)
        key = (alert.key.hex(), alert.salt)
        _, before = self.found.get(key, (False, None))
        self.found[key] = (alert.authoritative, before if found is None else {**found, 'seq': str(alert.seq)})

    def put_done(self, alert):
        if any(alert.public_key):
            self.put[(alert.public_key.hex(), alert.salt)] = str(alert.seq)
        else:
            self.put[(str(alert.target), '')] = None

    def packet(self, alert):
        text = alert.message()
        outgoing = text.startswith('==>')
        endpoint = re.search(r'\[(\S+:\d+)\] ', text).group(1)
        message = lt.bdecode(bytes(alert.pkt_buf))
        if not isinstance(message, dict):
            return
        kind = message.get(b'y', b'?').decode('latin-1')
        transaction = (endpoint, message.get(b't'))
        name = message.get(b'q', kind.encode()).decode('latin-1')
        if kind == 'q' and outgoing:
            self.asked[transaction] = (name, message.get(b'a', {}))
        elif kind != 'q' and not outgoing and transaction not in self.asked:
            keep(self.complaints, f'an answer to nothing: {text}')
        elif kind != 'q' and not outgoing:
            name, arguments = self.asked.pop(transaction)
            if name in ('announce_peer', 'put') and kind == 'r':
                key = arguments[b'info_hash'] if name == 'announce_peer' else target_of(arguments)
                self.accepted.setdefault(key.hex(), set()).add(endpoint)
        if kind == 'e':
            code, words = message[b'e'][0], message[b'e'][1].decode('latin-1')
            keep(self.errors, {'sent': outgoing, 'endpoint': endpoint, 'query': name, 'code': code, 'message': words})
        key = ('sent ' if outgoing else 'received ') + ('reply' if kind == 'r' else 'error' if kind == 'e' else name)
        self.counts[key] = self.counts.get(key, 0) + 1

    def until(self, condition, seconds, what):
        with self.changed:
            if self.changed.wait_for(condition, seconds):
                return
            tail = '; '.join(self.complaints[-5:])
            raise Refused(f'{what}: not within {seconds} s; packets {self.counts}; complaints: {tail or "none"}')


def keep(kept, item):
    kept.append(item)
    del kept[:-KEPT]


# What an item of BEP 44 is stored under.
def target_of(arguments):
    mutable = arguments.get(b'k')
    covered = lt.bencode(arguments[b'v']) if mutable is None else mutable + arguments.get(b'salt', b'')
    return hashlib.sha1(covered).digest()


# The value as hex digits. The bindings give byte strings only; of the rest there is what its log shows. None: not found.
def item_of(alert):
    try:
        return {'value': alert.item['value'].hex()}
    except RuntimeError:
        if isinstance(alert, lt.dht_mutable_item_alert):
            return None
        shown = re.search(r'\[(.*)\]', alert.message(), re.S).group(1).strip()
        return {'shown': shown} if shown != '<uninitialized>' else None


def plain(value):
    return value if isinstance(value, int) else str(value)


def addresses(pairs):
    return [{'host': host, 'port': port} for host, port in sorted(pairs)]


def open_session(hosts, bootstrap, settings):
    session = Session(','.join(hosts), {'dht_bootstrap_nodes': ','.join(bootstrap), **settings})
    session.until(lambda: len(session.port) >= len(hosts), 10, f'listening on {hosts}')
    return session


def node_ids(session):
    state = session.session.save_state().get(b'dht state', {})
    return [entry[:20].hex() for entry in state.get(b'node-id', [])]


def live_nodes(session, wanted, seconds):
    ends = time.monotonic() + seconds
    while True:
        nodes = []
        for own in node_ids(session):
            session.live = None
            session.session.dht_live_nodes(lt.sha1_hash(bytes.fromhex(own)))
            session.until(lambda: session.live is not None, 5, 'dht_live_nodes')
            nodes += session.live
        if len(nodes) >= wanted or time.monotonic() >= ends:
            return [{'id': each[0], 'host': each[1], 'port': each[2]} for each in nodes]
        with session.changed:
            session.changed.wait(0.2)


def announce(session, info_hash):
    magnet = lt.parse_magnet_uri('magnet:?xt=urn:btih:' + info_hash)
    magnet.save_path = session.folder.name
    magnet.flags &= ~(lt.torrent_flags.paused | lt.torrent_flags.auto_managed)
    session.session.async_add_torrent(magnet)


# A torrent of one small file that is there, so that it is announced as a seed (BEP 33). Its infohash.
def add_seed(session):
    content = os.urandom(20)
    name = content.hex()
    with open(os.path.join(session.folder.name, name), 'wb') as file:
        file.write(content)
    pieces = hashlib.sha1(content).digest()
    torrent = lt.add_torrent_params()
    torrent.ti = lt.torrent_info({'info': {'name': name, 'piece length': 16384, 'length': 20, 'pieces': pieces}})
    torrent.save_path = session.folder.name
    torrent.flags |= lt.torrent_flags.seed_mode
    torrent.flags &= ~(lt.torrent_flags.paused | lt.torrent_flags.auto_managed)
    session.session.async_add_torrent(torrent)
    return str(torrent.ti.info_hash())


# Waits until all of `by` have taken an announce, and `atLeast` in all.
def taken(session, info_hash, command):
    by_now = session.accepted.setdefault(info_hash, set())
    wanted, least = set(command.get('by', [])), command.get('atLeast', 0)
    what = f'{sorted(wanted)}, {least} in all, to take {info_hash}'
    session.until(lambda: wanted <= by_now and len(by_now) >= least, command['seconds'], what)
    with session.changed:
        return sorted(by_now)


def put(session, command):
    value, salt = bytes.fromhex(command['value']), command.get('salt', '')
    if 'secret' in command:
        public = command['publicKey']
        key = (public, salt)
        target = hashlib.sha1(bytes.fromhex(public) + salt.encode()).hexdigest()
    else:
        target = hashlib.sha1(value).hexdigest()
        key = (target, '')
    with session.changed:
        session.put.pop(key, None)
        session.accepted.pop(target, None)
    if 'secret' in command:
        secret = bytes.fromhex(command['secret'])
        text = lt.bdecode(value)
        session.session.dht_put_mutable_item(secret, bytes.fromhex(public), text, salt.encode())
    else:
        session.session.dht_put_immutable_item(lt.bdecode(value))
    session.until(lambda: key in session.put, command['seconds'], f'put {target}')
    with session.changed:
        return {'target': target, 'seq': session.put[key], 'by': sorted(session.accepted.get(target, []))}


def get(session, command):
    target, salt = command.get('target'), command.get('salt', '')
    key = (command['publicKey'], salt) if target is None else (target, '')
    with session.changed:
        session.found.pop(key, None)
    if target is None:
        session.session.dht_get_mutable_item(bytes.fromhex(command['publicKey']), salt.encode())
    else:
        session.session.dht_get_immutable_item(lt.sha1_hash(bytes.fromhex(target)))
    session.until(lambda: session.found.get(key, (False,))[0], command['seconds'], f'get {key}')
    return session.found[key][1]


def sample(session, command):
    endpoint = (command['host'], command['port'])
    name = '{}:{}'.format(*endpoint)
    with session.changed:
        session.samples.pop(name, None)
    session.session.dht_sample_infohashes(endpoint, lt.sha1_hash(bytes.fromhex(command['target'])))
    session.until(lambda: name in session.samples, command['seconds'], f'samples of {name}')
    return session.samples[name]


def execute(session, command):
    do, seconds = command['do'], command.setdefault('seconds', 20)
    info_hash = command.get('infoHash')
    if do == 'bootstrapped':
        session.until(lambda: session.bootstrapped > 0, seconds, 'bootstrap')
        return None
    if do == 'add_node':
        session.session.add_dht_node((command['host'], command['port']))
        return None
    if do == 'ids':
        return node_ids(session)
    if do == 'nodes':
        return live_nodes(session, command.get('atLeast', 0), seconds)
    if do == 'announce':
        announce(session, info_hash)
        return taken(session, info_hash, command)
    if do == 'seed':
        info_hash = add_seed(session)
        return {'infoHash': info_hash, 'by': taken(session, info_hash, command)}
    if do == 'get_peers':
        session.session.dht_get_peers(lt.sha1_hash(bytes.fromhex(info_hash)))
        found = session.peers.setdefault(info_hash, set())
        session.until(lambda: len(found) >= command['atLeast'], seconds, f'{command["atLeast"]} peers of {info_hash}')
        return addresses(found)
    if do in ITEMS:
        return ITEMS[do](session, command)
    if do == 'report':
        least = command['errors']
        session.until(lambda: len(session.errors) >= least, seconds, f'{least} error messages')
        with session.changed:
            return {'counts': session.counts, 'errors': session.errors, 'complaints': session.complaints}
    raise Refused(f'no such command: {do}')


ITEMS = {'put': put, 'get': get, 'sample': sample}


def main():
    session = None
    writing = threading.Lock()

    def reply(line):
        with writing:
            print(json.dumps(line), flush=True)

    def run(command):
        try:
            reply({'id': command['id'], 'result': execute(session, command)})
        except Exception as error:  # pylint: disable=broad-except
            reply({'id': command['id'], 'error': f'{type(error).__name__}: {error}'})

    for line in sys.stdin:
        command = json.loads(line)
        if command['do'] == 'stop':
            break
        if command['do'] != 'open':
            threading.Thread(target=run, args=(command,), daemon=True).start()
            continue
        try:
            session = open_session(command['hosts'], command['bootstrap'], command['settings'])
            reply({'id': command['id'], 'result': {'version': lt.version, 'ports': session.port}})
        except Exception as error:  # pylint: disable=broad-except
            reply({'id': command['id'], 'error': f'{type(error).__name__}: {error}'})
    if session is not None:
        session.folder.cleanup()
    # Without a farewell to anybody: libtorrent would wait for trackers and disks that there are not.
    sys.stdout.flush()
    os._exit(0)


main()
