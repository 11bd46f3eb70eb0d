// Writes docs/conformance.md, and says what is wrong between it and the tests.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { problemsOf } from '../test/conformance/check.ts'
import { PAGE, pageOf, readConformance } from '../test/conformance/page.ts'

const root = join(import.meta.dirname, '..')
const conformance = readConformance(root)
writeFileSync(join(root, PAGE), pageOf(conformance))
const problems = problemsOf(conformance)
for (const problem of problems) process.stderr.write(`${problem}\n`)
process.exit(problems.length === 0 ? 0 : 1)
