// Which addresses a node listens on that was told none, in a network namespace whose addresses the test chooses. Needs
// root and Linux. What a node then does is told elsewhere (node.test.ts).
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import type { Address } from '../../../src/index.ts'
import { openNamespace, withoutNamespaces } from '../../interop/namespace.ts'

const PROGRAM = `
  const { Mainline } = await import(${JSON.stringify(import.meta.resolve('../../../src/index.ts'))})
  await using node = await Mainline.open({ port: 0, bootstrap: 'none' })
  console.log(JSON.stringify(node.addresses))`

/** The addresses that a node takes on a machine that has these. */
async function addressesOn(hosts: readonly string[]): Promise<readonly Address[]> {
  await using namespace = await openNamespace(hosts)
  const [file, ...args] = [...namespace.within, process.execPath, '--input-type=module', '-e', PROGRAM]
  const { stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 60_000 })
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout) as Address[]
}

const UNIQUE_LOCAL = 'fd12::1'
const TEREDO = '2001:0:53aa:64c::1'
const SIX_TO_FOUR = '2002:506:708::1'

describe('A node that is told no address', { skip: withoutNamespaces() }, () => {
  test('has all of IPv4 and one global address of IPv6, no Teredo, by one port (B32-10)', async () => {
    const [four, six, ...more] = await addressesOn([
      '5.1.0.1',
      UNIQUE_LOCAL,
      TEREDO,
      SIX_TO_FOUR,
      '2a00:1::1',
    ])
    assert.equal(four!.host, '0.0.0.0')
    assert.deepEqual(six, { host: '2a00:1::1', port: four!.port })
    assert.deepEqual(more, [])
  })

  test('has one of several global addresses of IPv6, and not all of them (B32-10)', async () => {
    const global = ['2a00:1::1', '2a00:2::1']
    const [, six, ...more] = await addressesOn([...global, TEREDO])
    assert.ok(global.includes(six!.host), six!.host)
    assert.deepEqual(more, [])
  })

  test('does without IPv6 where no address of it is global (B32-10)', async () => {
    const hosts = (await addressesOn([UNIQUE_LOCAL, TEREDO, SIX_TO_FOUR])).map(({ host }) => host)
    assert.deepEqual(hosts, ['0.0.0.0'])
  })
})
