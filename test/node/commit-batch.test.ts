// Acknowledgements and their commit: none before it, none without it, and one commit for all of a turn.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CommitBatch } from '../../src/node/commit-batch.ts'
import { VirtualTime } from './virtual-time.ts'

/** What happened, in order. */
function batch(commit: () => void = () => {}): { batch: CommitBatch; time: VirtualTime; done: string[] } {
  const done: string[] = []
  const time = new VirtualTime()
  return {
    done,
    time,
    batch: new CommitBatch({
      scheduler: time,
      commit() {
        done.push('commit')
        commit()
      },
      onFailure: (error) => void done.push((error as Error).message),
    }),
  }
}

describe('A batch of acknowledgements', () => {
  test('leaves in order, after one commit for all of the turn', async () => {
    const { batch: commits, time, done } = batch()
    for (const name of ['a', 'b', 'c']) commits.afterCommit(() => void done.push(name))
    assert.deepEqual(done, [])
    await time.runFor(0)
    assert.deepEqual(done, ['commit', 'a', 'b', 'c'])
  })

  test('has its own commit in every turn', async () => {
    const { batch: commits, time, done } = batch()
    commits.afterCommit(() => void done.push('a'))
    await time.runFor(0)
    commits.afterCommit(() => void done.push('b'))
    await time.runFor(0)
    assert.deepEqual(done, ['commit', 'a', 'commit', 'b'])
    await time.runFor(1_000)
    assert.equal(done.length, 4)
  })

  test('is acknowledged by nobody when the commit fails, which is told, and never later', async () => {
    let fails = true
    const {
      batch: commits,
      time,
      done,
    } = batch(() => {
      if (fails) throw new Error('disk full')
    })
    commits.afterCommit(() => void done.push('a'))
    await time.runFor(0)
    assert.deepEqual(done, ['commit', 'disk full'])
    fails = false
    commits.afterCommit(() => void done.push('b'))
    await time.runFor(0)
    assert.deepEqual(done, ['commit', 'disk full', 'commit', 'b'])
  })

  test('is committed at once when there are 1024 of them, and not once more at the end of the turn', async () => {
    const { batch: commits, time, done } = batch()
    for (let i = 0; i < 1_024; i++) {
      assert.equal(done.length, 0)
      commits.afterCommit(() => void done.push('ack'))
    }
    assert.equal(done.length, 1 + 1_024)
    await time.runFor(0)
    assert.equal(done.length, 1 + 1_024)
  })

  test('is committed on demand, with what has been asked for until then', async () => {
    const { batch: commits, time, done } = batch()
    commits.afterCommit(() => void done.push('a'))
    assert.equal(commits.flush(), true)
    assert.deepEqual(done, ['commit', 'a'])
    await time.runFor(0)
    assert.deepEqual(done, ['commit', 'a'])
  })

  test('says of a commit on demand whether it failed', () => {
    const { batch: commits } = batch(() => {
      throw new Error('disk full')
    })
    assert.equal(commits.flush(), false)
  })

  test('is committed without anybody waiting, once a turn', async () => {
    const { batch: commits, time, done } = batch()
    commits.schedule()
    commits.schedule()
    await time.runFor(0)
    assert.deepEqual(done, ['commit'])
  })

  test('takes what is asked for by an acknowledgement into the next commit', async () => {
    const { batch: commits, time, done } = batch()
    commits.afterCommit(() => {
      done.push('a')
      commits.afterCommit(() => void done.push('b'))
    })
    await time.runFor(0)
    assert.deepEqual(done, ['commit', 'a', 'commit', 'b'])
  })
})
