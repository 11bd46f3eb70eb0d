// The program: reads the command line and runs one command, which is loaded from its own file; tells what failed.
// Not here: which commands there are (commands.ts, item-commands.ts and the like), what their values mean (arguments.ts).
import { Command, CommanderError } from 'commander'
import { addNodes, addQuestions } from './commands.ts'
import { EXAMPLES } from './examples.ts'
import { FOUND, MISUSE, Stopped, tell, toFailure } from './failure.ts'
import { addItems } from './item-commands.ts'
import { Output, type OutputFlags } from './output.ts'
import { addKeygen, addSigned } from './signed-commands.ts'
import { addValues } from './value-commands.ts'

/** What a command's own file is handed besides its arguments. */
export interface Call<Flags> {
  readonly flags: Flags
  readonly output: Output
  readonly version: string
}

/** `words`: the arguments; what was left out is undefined. */
export type Run<Flags> = (words: readonly string[], call: Call<Flags>) => Promise<number>

/** Runs the command that the words name; resolves with the exit code and rejects never. */
export async function runProgram(words: readonly string[], version: string): Promise<number> {
  let exitCode: number = FOUND
  const program = createProgram(version, (code) => (exitCode = code))
  try {
    await program.parseAsync(words, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof Stopped) return error.exitCode
    // Help that was asked for, and help that is shown because nothing was asked.
    if (error instanceof CommanderError && error.exitCode === 0) return FOUND
    if (error instanceof CommanderError && error.code === 'commander.help') return MISUSE
    const failure = toFailure(error, error instanceof CommanderError ? hint(program, words, error) : '')
    // Of a command line that could not be read nothing is known but its words; none behind `--` is an option.
    const options = words.includes('--') ? words.slice(0, words.indexOf('--')) : words
    tell(failure, { json: options.includes('--json'), verbose: options.includes('--verbose') })
    return failure.exitCode
  }
}

/** What would have been allowed, unless commander has guessed what was meant. */
function hint(program: Command, words: readonly string[], error: CommanderError): string {
  if (error.message.includes('Did you mean')) return ''
  const names = program.commands.map((each) => each.name())
  if (error.code === 'commander.unknownCommand') return `; commands are ${names.join(', ')}`
  const named = words.find((word) => names.includes(word))
  const help = `; see xorbit ${named === undefined ? '' : `${named} `}--help`
  const isBehind = error.code === 'commander.excessArguments' && words.includes('--')
  return isBehind ? `; options stand before --, behind it nothing is one${help}` : help
}

function createProgram(version: string, exit: (code: number) => void): Command {
  const program = new Command('xorbit')
    .description(
      'A node of a Kademlia distributed hash table: finds peers and values with no server anywhere.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help; also `xorbit COMMAND --help`')
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError()
    .addHelpText('after', EXAMPLES['xorbit']!)

  /** An action that loads the command's file, runs it and keeps its exit code. */
  const runs =
    <Flags extends OutputFlags>(load: (flags: Flags) => Promise<Run<Flags>>) =>
    async (...given: unknown[]): Promise<void> => {
      // commander hands over the arguments, the options and the command.
      const flags = given.at(-2) as Flags
      const output = new Output(flags)
      exit(await (await load(flags))(given.slice(0, -2) as string[], { flags, output, version }))
    }
  addNodes(program, runs)
  addQuestions(program, runs)
  addItems(program, runs)
  addSigned(program, runs)
  addValues(program, runs)
  addKeygen(program, runs)
  return program
}
