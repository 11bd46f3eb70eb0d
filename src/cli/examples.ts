// What stands below the help of each command. Text only.
const HASH = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a'
const KEY = 'e5f96f6f38320f0f33959cb4d3d656452117aadb'
const AT = '--bootstrap 127.0.0.1:6881'
/** In khashmir. */
const THERE = '--bootstrap 127.0.0.1:9977'
const SIGNED = '--network drogulus --bootstrap 127.0.0.1:1908'

export const EXAMPLES: Readonly<Record<string, string>> = {
  xorbit: `
Examples:
  $ xorbit start --testnet 16                                  a network of 17 nodes on this machine
  $ xorbit announce ${HASH} --port 8080 ${AT}
  $ xorbit peers ${HASH} ${AT}
  $ xorbit put 'Hello World!' ${AT}
  $ xorbit get ${KEY} ${AT}

  $ xorbit start --network khashmir --testnet 16               the same of khashmir, the DHT under apt-p2p
  $ xorbit store ${HASH} 'Hello World!' ${THERE}
  $ xorbit values ${HASH} ${THERE}

  $ xorbit start --network drogulus --testnet 16               the same of drogulus, the DHT of signed values
  $ xorbit keygen --rsa me.pem
  $ xorbit publish status 'all is well' --key me.pem ${SIGNED}
  $ xorbit resolve me.pem status ${SIGNED}

Exit code: 0 found or done, 1 no answer, 2 misuse.`,
  start: `
Examples:
  $ xorbit start                                   a node of the public BitTorrent DHT
  $ xorbit start --testnet 16                      on loopback, with 16 more around it
  $ xorbit start --host 127.0.0.1 --port 7000 --bootstrap 127.0.0.1:6881 --store second.sqlite
  $ xorbit start --network khashmir                the first node of a network as that under apt-p2p
  $ xorbit start --network khashmir --testnet 16
  $ xorbit start --network drogulus                a node of signed values, over TLS
  $ xorbit start --network drogulus --no-tls --revision october-2013`,
  testnet: `
Examples:
  $ xorbit testnet 50
  $ xorbit testnet 50 --network khashmir
  $ xorbit testnet 50 --network drogulus
  $ xorbit testnet 50 --json                       {"event":"listening","bootstrap":["127.0.0.1:40001",...],...}`,
  ping: `
Examples:
  $ xorbit ping 127.0.0.1:6881
  $ xorbit ping router.bittorrent.com:6881 --timeout 2s
  $ xorbit ping 127.0.0.1:9977 --network khashmir
  $ xorbit ping 127.0.0.1:1908 --network drogulus
  $ xorbit ping '[::1]:6881' --json                {"id":"...","host":"::1","port":6881,"rttMs":0.4}`,
  lookup: `
Examples:
  $ xorbit lookup ${HASH}
  $ xorbit lookup ${HASH} ${AT} --json
  $ xorbit lookup ${HASH} --network khashmir ${THERE}
  $ xorbit lookup ID ${SIGNED}      ID of 128 digits`,
  announce: `
Examples:
  $ xorbit announce ${HASH} --port 8080
  $ xorbit announce ${HASH} --port 8080 --keep-alive ${AT}`,
  peers: `
Examples:
  $ xorbit peers ${HASH}
  $ xorbit peers ${HASH} ${AT} | head -1`,
  scrape: `
Examples:
  $ xorbit scrape ${HASH}
  $ xorbit scrape ${HASH} --json   {"infoHash":"...","seeds":12,"peers":34,...}`,
  sample: `
Examples:
  $ xorbit sample --limit 100
  $ xorbit sample ${AT} --json      {"infoHash":"...","host":"127.0.0.1","port":40001}`,
  put: `
Examples:
  $ xorbit put 'Hello World!' ${AT}
  $ xorbit put --file note.txt --keep-alive
  $ date | xorbit put - --json                     {"key":"...","stored":8,"asked":8,"refused":[]}
  $ xorbit put -- -x                               what begins with a dash stands behind --

Nodes forget a value two hours after it was last put.`,
  get: `
Examples:
  $ xorbit get ${KEY}
  $ xorbit get ${KEY} --json      {"key":"...","text":"Hello World!","hex":"48656c..."}
  $ xorbit get ${KEY} --output hello.txt
  $ xorbit get KEY ${SIGNED}         KEY of 128 digits, as publish prints it there`,
  store: `
Examples:
  $ xorbit store ${HASH} 'Hello World!' ${THERE}
  $ xorbit store ${HASH} --file note.txt --keep-alive ${THERE}
  $ date | xorbit store --text-key today - ${THERE}
  $ xorbit store ${HASH} hello ${THERE} --json     {"key":"...","stored":6,"asked":6,"refused":[]}

Nodes forget a value three hours after it was last stored (those of March 2008 after one).`,
  values: `
Examples:
  $ xorbit values ${HASH} ${THERE}
  $ xorbit values --text-key today --limit 1 ${THERE}
  $ xorbit values ${HASH} ${THERE} --json          {"text":"hello","hex":"68656c6c6f"}`,
  keygen: `
Examples:
  $ xorbit keygen
  $ xorbit keygen blog.pem --json                  {"publicKey":"...","file":"blog.pem"}
  $ xorbit keygen old.pem --secret-from seed.hex   64 hex digits (a seed), or 128 as libtorrent has them
  $ xorbit keygen --rsa me.pem > me.pub            for drogulus; me.pub is for those who resolve`,
  publish: `
Examples:
  $ xorbit keygen
  $ xorbit publish status 'all is well' ${AT}
  $ xorbit publish status 'all is well' --keep-alive
  $ xorbit publish counter 8 --cas 7 --key blog.pem
  $ xorbit publish distro --torrent ${HASH}
  $ xorbit publish status 'all is well' --key me.pem --expires 7d --meta lang=en ${SIGNED}

Nodes of mainline forget a value two hours after it was last put, nodes of drogulus when it expires.`,
  resolve: `
Examples:
  $ xorbit resolve PUBLICKEY status
  $ xorbit resolve blog.pem status --json          {"key":"...","text":"all is well","hex":"...","seq":1,...}
  $ xorbit resolve 'magnet:?xs=urn:btpk:PUBLICKEY&s=64697374726f'
  $ xorbit resolve me.pub status ${SIGNED}`,
}
