// Misuse of the command: one line that names the argument, what it got and what is allowed, and exit code 2.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { launch, objects, run, temporaryFolder } from './command.ts'

const HASH = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a'
const PUBLIC_KEY = '77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548'
const LONG = 'ab'.repeat(64)
const SIGNED = '--network drogulus --bootstrap 127.0.0.1:9'
const folder = temporaryFolder()
const nowhere = join(folder, 'nowhere')
const foreign = join(folder, 'foreign.txt')
writeFileSync(foreign, 'no database at all, but somebody needs it', { mode: 0o600 })

const refused: [words: string, code: string, message: RegExp][] = [
  ['strat', 'unknown-command', /unknown command 'strat' \(Did you mean start\?\)/],
  ['fly', 'unknown-command', /unknown command 'fly'; commands are start, testnet, ping, lookup/],
  ['start --prot 7000', 'unknown-option', /unknown option '--prot' \(Did you mean --port\?\)/],
  ['peers --wings', 'unknown-option', /unknown option '--wings'; see xorbit peers --help/],
  ['start somewhere', 'bad-argument', /too many arguments for 'start'/],
  ['start --port 70000', 'bad-argument', /--port: expected a port from 0 to 65535.*got "70000"/],
  ['start --host example.org', 'bad-argument', /--host: expected an IPv4 or IPv6 address.*got "example.org"/],
  ['start --host 127.0.0.1 --host 127.0.0.1', 'bad-argument', /host: expected each address once/],
  ['start --host 192.0.2.7', 'address-not-available', /192\.0\.2\.7 is no address of this machine.*--host/],
  [
    'start --network gnutella',
    'bad-argument',
    /--network: expected mainline, khashmir or drogulus, got "gnutella"/,
  ],
  ['start --role read', 'bad-argument', /--role: expected none, for mainline has no such option, got "read"/],
  ['start --network khashmir --role all', 'bad-argument', /--role: expected nodes, read or write, got "all"/],
  [
    'start --network khashmir --preset 2008',
    'bad-argument',
    /--preset: expected head or march-2008, got "2008"/,
  ],
  ['start --network khashmir --host ::1', 'bad-argument', /--host: expected an IPv4 address of this machine/],
  [
    'start --network khashmir --host 127.0.0.1 --host 127.0.0.2',
    'bad-argument',
    /--host: expected at most 1 address of IPv4, got 2/,
  ],
  ['start --no-tls', 'bad-argument', /--no-tls: expected none, for mainline has no such option/],
  [
    'start --network khashmir --identity me.pem',
    'bad-argument',
    /--identity: expected none, for khashmir has no such option, got "me.pem"/,
  ],
  [
    'start --network drogulus --role read',
    'bad-argument',
    /--role: expected none, for drogulus has no such option/,
  ],
  [
    'start --network drogulus --revision 2013',
    'bad-argument',
    /--revision: expected july-2013 or october-2013, got "2013"/,
  ],
  [
    'start --network drogulus --host 127.0.0.1 --host ::1',
    'bad-argument',
    /--host: expected one address, of IPv4 or of IPv6, got "127\.0\.0\.1, ::1"/,
  ],
  ['start --api 127.0.0.1:8470', 'bad-argument', /--api: expected 'off'.*got "127\.0\.0\.1:8470"/],
  ['start --testnet 0', 'bad-argument', /--testnet: expected a number of nodes from 1 to 500, got "0"/],
  ['start --testnet 501', 'bad-argument', /--testnet: expected a number of nodes from 1 to 500, got "501"/],
  [
    'start --testnet 3 --host 0.0.0.0',
    'bad-argument',
    /--testnet: --host: expected a loopback.*"0\.0\.0\.0"/,
  ],
  [
    'start --testnet 3 --host 8.8.8.8',
    'bad-argument',
    /--testnet: --host: expected a loopback.*"8\.8\.8\.8"/,
  ],
  ['start --testnet 3 --read-only', 'bad-argument', /--testnet: expected no --read-only beside it/],
  ['start --bootstrap none --bootstrap 127.0.0.1:1', 'bad-argument', /--bootstrap: expected 'none' alone/],
  ['start --timeout soon', 'bad-argument', /--timeout: expected a duration.*500ms, 5s.*got "soon"/],
  [
    `start --host 127.0.0.1 --port 0 --store ${foreign}`,
    'foreign',
    /--store: .*foreign\.txt is no xorbit store/,
  ],
  [`start --host 127.0.0.1 --port 0 --store ${folder}`, 'not-openable', /--store: .* cannot be opened/],
  [
    `start --host 127.0.0.1 --port 0 --store ${join(nowhere, 'x.sqlite')}`,
    'not-openable',
    /--store: .* cannot be opened: there is no folder .*nowhere; make it first/,
  ],
  ['testnet', 'bad-argument', /missing required argument 'N'/],
  ['testnet 3 --no-tls', 'bad-argument', /--no-tls: expected none, for mainline has no such option/],
  ['testnet many', 'bad-argument', /N: expected a number of nodes from 1 to 500, got "many"/],
  ['testnet 3 --host 0.0.0.0', 'bad-argument', /--host: expected a loopback or private address/],
  ['ping', 'bad-argument', /missing required argument 'HOST:PORT'/],
  ['ping 127.0.0.1', 'bad-argument', /HOST:PORT: expected .*got "127\.0\.0\.1"/],
  ['ping 127.0.0.1:0', 'bad-argument', /PORT from 1 to 65535, got "127\.0\.0\.1:0"/],
  ['ping 127.0.1:6881', 'bad-argument', /HOST:PORT: expected .*got "127\.0\.1:6881"/],
  ['ping [::1]:6881 --host 127.0.0.1', 'bad-argument', /HOST:PORT: expected an IPv4 address.*got "::1"/],
  [
    'ping [::1]:1 --network khashmir',
    'bad-argument',
    /HOST:PORT: expected an IPv4 address, for khashmir has/,
  ],
  [
    `lookup ${HASH} --network khashmir`,
    'bad-argument',
    /missing --bootstrap.*no node of khashmir.*npx xorbit start --testnet 16 --network khashmir .*127\.0\.0\.1:9977/,
  ],
  [
    `lookup ${HASH} --private`,
    'bad-argument',
    /missing --bootstrap.*no node of a private network.*:6881 here/,
  ],
  ['lookup c12fe1', 'bad-argument', /ID: expected 40 hex digits \(6 characters\), got "c12fe1"/],
  [`lookup ${HASH.replace('c', 'x')}`, 'bad-argument', /ID: expected 40 hex digits, got "x12fe1/],
  [`peers ${HASH}00`, 'bad-argument', /INFOHASH: expected 40 hex digits \(42 characters\)/],
  [`peers ${HASH} --bootstrap none`, 'bad-argument', /--bootstrap: expected HOST:PORT.*got "none"/],
  [`peers ${HASH} --bootstrap 127.0.0.1:x`, 'bad-argument', /--bootstrap: expected .*got "127\.0\.0\.1:x"/],
  [`peers ${HASH} --listen-port -1`, 'bad-argument', /--listen-port: expected a port from 0.*got "-1"/],
  [`announce ${HASH}`, 'bad-argument', /required option '--port <PEERPORT>' not specified/],
  [`announce ${HASH} --port 0`, 'bad-argument', /--port: expected a port from 1 to 65535, got "0"/],
  ['scrape c12fe1', 'bad-argument', /INFOHASH: expected 40 hex digits \(6 characters\)/],
  [`sample ${HASH}`, 'bad-argument', /too many arguments for 'sample'/],
  ['sample --limit 0', 'bad-argument', /--limit: expected a whole number from 1 to 100000000, got "0"/],
  [
    'sample --nodes 250001',
    'bad-argument',
    /--nodes: expected a whole number from 1 to 250000, got "250001"/,
  ],
  [`sample --network khashmir`, 'bad-argument', /--network: expected mainline, the only network that has/],
  ['put', 'bad-argument', /missing VALUE: text, or - for stdin, or --file FILE/],
  ['put -x', 'unknown-option', /unknown option '-x'; see xorbit put --help/],
  ['put a b', 'bad-argument', /too many arguments for 'put'/],
  ['put -- -x --json', 'bad-argument', /too many .*; options stand before --, .*; see xorbit put --help/],
  ['put a --file b', 'bad-argument', /--file: expected no VALUE beside it, got "a"/],
  ['put a --bootstrap none', 'bad-argument', /--bootstrap: expected HOST:PORT.*got "none"/],
  [`put --file ${nowhere}`, 'bad-file', /--file: cannot read .*nowhere: there is no such file or folder/],
  [`put --file ${folder}`, 'bad-file', /--file: cannot read .*: it is a folder/],
  [
    `put ${'x'.repeat(997)}`,
    'too-large',
    /VALUE: expected at most 996 bytes \(1000 in bencode\), got 997 bytes/,
  ],
  ['get', 'bad-argument', /missing required argument 'KEY'/],
  ['get c12fe1', 'bad-argument', /KEY: expected 40 hex digits \(6 characters\), got "c12fe1"/],
  [`get ${HASH} --name ${'é'.repeat(33)}`, 'bad-argument', /--name: expected at most 64 bytes, got 66 bytes/],
  [`get ${HASH} --raw --output ${nowhere}`, 'bad-argument', /--raw: expected no --output beside it/],
  [
    `get ${HASH} --output ${foreign}`,
    'bad-file',
    /--output: cannot write .*foreign\.txt: it is there already/,
  ],
  ['store', 'bad-argument', /missing required argument 'KEY'/],
  [
    'store hello a',
    'bad-argument',
    /KEY: expected 40 hex digits \(5 characters\), or with --text-key any text/,
  ],
  ['store --text-key  a', 'bad-argument', /KEY: expected text of 1 byte or more, got ""/],
  [`store ${HASH}`, 'bad-argument', /missing VALUE: text, or - for stdin, or --file FILE/],
  [`store ${HASH} a --file b`, 'bad-argument', /--file: expected no VALUE beside it, got "a"/],
  [`store ${HASH} a`, 'bad-argument', /missing --bootstrap HOST:PORT.*no node of khashmir/],
  [`store ${HASH} a --bootstrap none`, 'bad-argument', /--bootstrap: expected HOST:PORT.*got "none"/],
  [`store ${HASH} a --bootstrap [::1]:1`, 'bad-argument', /--bootstrap: expected a name or an IPv4 address/],
  [
    `store ${HASH} a --network mainline`,
    'bad-argument',
    /--network: expected khashmir, the only network that/,
  ],
  ['values', 'bad-argument', /missing required argument 'KEY'/],
  [`values ${HASH}`, 'bad-argument', /missing --bootstrap HOST:PORT.*no node of khashmir/],
  [`values ${HASH} --limit 0`, 'bad-argument', /--limit: expected a whole number from 1 to 10000, got "0"/],
  [`values ${HASH} --network drogulus`, 'bad-argument', /expected khashmir, the only network that has/],
  ['publish a b --expires 1h', 'bad-argument', /--expires: expected none, for mainline has no such option/],
  [
    'publish a b --network drogulus',
    'bad-argument',
    /missing --bootstrap.*no node of drogulus.*npx xorbit start --testnet 16 --network drogulus .*127\.0\.0\.1:1908/,
  ],
  [
    'publish a b --network drogulus --no-tls --revision october-2013',
    'bad-argument',
    /--testnet 16 --network drogulus --no-tls --revision october-2013 in another terminal/,
  ],
  [`publish a b ${SIGNED} --cas 1`, 'bad-argument', /--cas: expected none, for drogulus has no such option/],
  [`publish a b ${SIGNED} --torrent ${HASH}`, 'bad-argument', /--torrent: expected none, for drogulus/],
  [
    `publish a b ${SIGNED} --expires soon`,
    'bad-argument',
    /--expires: expected a time to come: .*got "soon"/,
  ],
  [`publish a b ${SIGNED} --expires 2001-01-01`, 'bad-argument', /--expires: expected a time to come/],
  [`publish a b ${SIGNED} --expires 2090-02-31`, 'bad-argument', /--expires: expected a time to come/],
  [`publish a b ${SIGNED} --meta lang`, 'bad-argument', /--meta: expected KEY=TEXT, got "lang"/],
  [
    `publish a b ${SIGNED} --meta a=1 --meta a=2`,
    'bad-argument',
    /--meta: expected each KEY once, got "a=2"/,
  ],
  [
    `publish a b ${SIGNED} --duplicate 21`,
    'bad-argument',
    /--duplicate: expected a number of nodes from 1 to 20/,
  ],
  [
    `publish ${'x'.repeat(1025)} b ${SIGNED}`,
    'bad-argument',
    /NAME: expected at most 1024 bytes, got 1025 bytes/,
  ],
  [`publish a b ${SIGNED} --key ${nowhere}`, 'bad-key-file', /--key: there is no key pair in .* --rsa/],
  [
    `publish a b ${SIGNED} --key ${foreign}`,
    'bad-key-file',
    /--key: key file .*foreign\.txt: expected an RSA/,
  ],
  [`publish a b ${SIGNED}`, 'bad-key-file', /rsa-key\.pem yet; make one: npx xorbit keygen --rsa/],
  [`resolve ${PUBLIC_KEY} a ${SIGNED}`, 'bad-argument', /PUBLICKEY: expected a file .*got "64 hex digits"/],
  [
    `resolve ${LONG} a ${SIGNED}`,
    'bad-argument',
    /PUBLICKEY: .*\(xorbit get takes a key of 128 hex digits\)/,
  ],
  [`resolve ${nowhere} a ${SIGNED}`, 'bad-file', /PUBLICKEY: cannot read .*nowhere: there is no such file/],
  [`resolve ${foreign} a ${SIGNED}`, 'bad-key-file', /PUBLICKEY: expected .*got something else in .*foreign/],
  [
    `get ${HASH} ${SIGNED}`,
    'bad-argument',
    /KEY: expected 128 hex digits \(40 characters\), or --network main/,
  ],
  [
    `get ${LONG} ${SIGNED} --name a`,
    'bad-argument',
    /--name: expected none, for drogulus has no such option/,
  ],
  ['publish', 'bad-argument', /missing required argument 'NAME'/],
  ['publish a', 'bad-argument', /missing VALUE: text, or - for stdin, or --file FILE/],
  [`publish ${'x'.repeat(65)} b`, 'bad-argument', /NAME: expected at most 64 bytes, got 65 bytes/],
  ['publish a --torrent c12fe1', 'bad-argument', /--torrent: expected 40 hex digits/],
  [`publish a b --torrent ${HASH}`, 'bad-argument', /--torrent: expected no VALUE beside it, got "b"/],
  [`publish a --file b --torrent ${HASH}`, 'bad-argument', /--torrent: expected no --file beside it/],
  ['publish a b --cas -1', 'bad-argument', /--cas: expected a whole number from 0 to 9223372036854775807/],
  ['publish a b --seq 9223372036854775808', 'bad-argument', /--seq: .*, got "9223372036854775808"/],
  [`publish a b --key ${nowhere}`, 'bad-key-file', /--key: there is no key pair in .*make one: .* keygen /],
  [
    `publish a b --key ${foreign}`,
    'bad-key-file',
    /--key: key file .*foreign\.txt: .*expected a private key/,
  ],
  [`resolve ${nowhere}`, 'bad-key-file', /PUBLICKEY: expected 64 hex digits, a key file, or a link.*got "/],
  [`resolve ${HASH}`, 'bad-argument', /PUBLICKEY: .*\(xorbit get takes a key of 40.*got "40 hex digits"/],
  [`resolve ${PUBLIC_KEY}00`, 'bad-argument', /PUBLICKEY: expected 64 hex digits.*got "66 hex digits"/],
  ['resolve magnet:?xs=urn:btpk:12', 'bad-argument', /PUBLICKEY: public key of the link: .*got "2 digits"/],
  [`resolve magnet:?xs=urn:btpk:${PUBLIC_KEY} a`, 'bad-argument', /NAME: expected none beside a link/],
  [`resolve ${PUBLIC_KEY} ${'x'.repeat(65)}`, 'bad-argument', /NAME: expected at most 64 bytes/],
  [`keygen ${foreign}`, 'bad-key-file', /FILE: key file .*foreign\.txt: is there already/],
  [`keygen ${join(nowhere, 'k.pem')}`, 'bad-key-file', /FILE: there is no folder .*nowhere; make it first/],
  ['keygen --bits 2048', 'bad-argument', /--bits: expected none without --rsa, got "2048"/],
  [
    'keygen --rsa --bits 1024',
    'bad-argument',
    /--bits: expected a multiple of 8 from 2048 to 8192, got "1024"/,
  ],
  [`keygen --rsa --secret-from ${foreign}`, 'bad-argument', /--secret-from: expected none beside --rsa/],
  [`keygen --rsa ${foreign}`, 'bad-key-file', /FILE: key file .*foreign\.txt: is there already/],
  [`keygen ${folder}`, 'bad-key-file', /FILE: .* is a folder; name a file/],
  [
    `keygen --secret-from ${nowhere}`,
    'bad-file',
    /--secret-from: cannot read .*nowhere: there is no such file/,
  ],
]

describe('The command, misused', { concurrency: 2 }, () => {
  for (const [words, , message] of refused) {
    test(`refuses xorbit ${words.replaceAll(folder, '')}`, async () => {
      const plain = await run(...words.split(' '))
      assert.match(plain.stderr, message)
      assert.match(plain.stderr, /^xorbit: [^\n]+\n$/)
      assert.deepEqual([plain.code, plain.stdout], [2, ''])
    })
  }

  // One of each code.
  const seen = new Set<string>()
  for (const [words, code, message] of refused) {
    if (seen.has(code)) continue
    seen.add(code)
    test(`says '${code}' in JSON of xorbit ${words.replaceAll(folder, '')} --json`, async () => {
      const json = await run(...words.split(' '), '--json')
      const [told, ...others] = objects(json.stderr) as { error: { code: string; message: string } }[]
      assert.equal(told?.error.code, code)
      assert.match(told.error.message, message)
      assert.deepEqual([json.code, json.stdout, others], [2, '', []])
    })
  }

  test('refuses an option without its value', async () => {
    const { code, stderr } = await run('start', '--port')
    assert.match(stderr, /^xorbit: option '--port <PORT>' argument missing; see xorbit start --help\n$/)
    assert.equal(code, 2)
  })

  test('shows its help on stderr when nothing is asked', async () => {
    const { code, stdout, stderr } = await run()
    assert.match(stderr, /^Usage: xorbit/)
    assert.deepEqual([code, stdout], [2, ''])
  })

  test('leaves a file that is no store as it was, and makes no folders', () => {
    assert.equal(readFileSync(foreign, 'utf8'), 'no database at all, but somebody needs it')
    assert.equal(existsSync(nowhere), false)
  })

  test('says which port is in use, and which option chooses another', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const port = String(socket.address().port)
    try {
      const start = await run('start', '--host', '127.0.0.1', '--port', port, '--store', 'memory')
      assert.match(start.stderr, new RegExp(`^xorbit: another process uses UDP port ${port} .*--port\n$`))
      const ping = await run('ping', '127.0.0.1:9', '--listen-port', port)
      assert.match(
        ping.stderr,
        new RegExp(`^xorbit: another process uses UDP port ${port} .*--listen-port\n$`),
      )
      assert.deepEqual([start.code, ping.code], [2, 2])
    } finally {
      socket.close()
    }
  })

  test('says that another node has the store open', async () => {
    const args = ['start', '--host', '127.0.0.1', '--port', '0', '--bootstrap', 'none']
    const store = join(folder, 'shared.sqlite')
    const first = launch(...args, '--store', store, '--json')
    await first.event('listening')
    const second = await run(...args, '--store', store)
    assert.match(second.stderr, /^xorbit: --store: .*shared\.sqlite is in use by another node/)
    assert.equal(second.code, 2)
    await first.kill('SIGTERM')
  })
})
