// One store given to nodes of several networks, one after the other: each has its own id there, and its own contacts.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createMemoryStore, Drogulus, Khashmir, Mainline, toHex } from '../../src/index.ts'

describe('A store that several networks had', () => {
  test('keeps an id and contacts for each, and gives back those of its own', async () => {
    const store = createMemoryStore()
    const options = { host: '127.0.0.1', port: 0, store } as const
    await using neighbour = await Khashmir.open({ host: '127.0.0.1', port: 0, bootstrap: 'none' })
    const { port } = neighbour.addresses[0]!
    const khashmir = await Khashmir.open({ ...options, bootstrap: [`127.0.0.1:${port}`] })
    await khashmir.join()
    const id = toHex(khashmir.id)
    await khashmir.close()

    const ids = new Set([id])
    for (const network of [Mainline, Drogulus]) {
      const node = await network.open({ ...options, bootstrap: 'none' })
      ids.add(toHex(node.id))
      assert.deepEqual(node.contacts(), [])
      await node.close()
    }
    assert.equal(ids.size, 3)

    await using again = await Khashmir.open({ ...options, bootstrap: 'none' })
    assert.equal(toHex(again.id), id)
    assert.equal((await again.join()).via, 'table')
  })

  test('is in use: a drogulus node that cannot have its file leaves nothing beside it', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'xorbit-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const options = {
      host: '127.0.0.1',
      port: 0,
      bootstrap: 'none',
      store: join(folder, 'a.sqlite'),
    } as const
    await using khashmir = await Khashmir.open(options)
    await assert.rejects(Drogulus.open(options), { code: 'in-use' })
    assert.deepEqual(
      readdirSync(folder).filter((file) => file.endsWith('.pem')),
      [],
    )
    assert.ok(khashmir.addresses.length === 1)
  })
})
