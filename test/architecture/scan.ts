// A small scanner of TypeScript, because the compiler offers no API: tokens without comments, and imports.

export interface Token {
  kind: 'word' | 'number' | 'string' | 'template' | 'regex' | 'punctuator'
  /** As written; of a string what is between the quotes. */
  text: string
  line: number
}

export interface Import {
  specifier: string
  line: number
  /** `import type` and `export type`: gone when the program runs. */
  typeOnly: boolean
  /** `import()`: not loaded until somebody calls it. */
  lazy: boolean
}

const SKIPPED = /\s+|\/\/[^\n]*|\/\*[^]*?\*\//y
const WORD = /[\p{ID_Start}$_#@][\p{ID_Continue}$]*/uy
const NUMBER = /\d[\w.]*/y
const STRING = /'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"/y
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y
const TEMPLATE_PART = /[`}](?:\\[^]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y

/** A slash after one of these begins a regular expression, after anything else it divides. */
const BEFORE_REGEX = /^(?:[-+*%=<>!&|^~?:;,({[]|return|typeof|case|of|in|do|else|void|throw|yield|await)$/

export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  /** For each template that is open, how many braces are open inside its `${`. */
  const holes: number[] = []
  let at = 0
  let line = 1

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const text = pattern.exec(source)?.[0]
    if (text !== undefined) at += text.length
    return text
  }
  const push = (kind: Token['kind'], text: string, whole = text): void => {
    tokens.push({ kind, text, line })
    line += whole.split('\n').length - 1
  }
  const takeTemplate = (): boolean => {
    const char = source[at]
    if (char !== '`' && !(char === '}' && holes.at(-1) === 0)) return false
    const text = take(TEMPLATE_PART)
    if (text === undefined) return false
    if (char === '}') holes.pop()
    if (text.endsWith('${')) holes.push(0)
    push('template', text)
    return true
  }
  const takePunctuator = (): void => {
    const char = source[at++] ?? ''
    const open = holes.length - 1
    if (char === '{' && open >= 0) holes[open] = (holes[open] ?? 0) + 1
    if (char === '}' && open >= 0) holes[open] = (holes[open] ?? 0) - 1
    push('punctuator', char)
  }

  while (at < source.length) {
    const skipped = take(SKIPPED)
    if (skipped !== undefined) {
      line += skipped.split('\n').length - 1
      continue
    }
    if (takeTemplate()) continue
    const string = take(STRING)
    const word = string === undefined ? take(WORD) : undefined
    const number = string === undefined && word === undefined ? take(NUMBER) : undefined
    if (string !== undefined) push('string', string.slice(1, -1), string)
    else if (word !== undefined) push('word', word)
    else if (number !== undefined) push('number', number)
    else {
      const last = tokens.at(-1)
      const mayBeRegex = source[at] === '/' && (last === undefined || BEFORE_REGEX.test(last.text))
      const regex = mayBeRegex ? take(REGEX) : undefined
      if (regex !== undefined) push('regex', regex)
      else takePunctuator()
    }
  }
  return tokens
}

/** Where the statement that begins at `start` names the module it takes from; undefined when it names none. */
function fromClause(tokens: readonly Token[], start: number): number | undefined {
  let braces = 0
  for (let index = start; index < tokens.length; index++) {
    const token = tokens[index]
    if (token?.text === '{' && token.kind === 'punctuator') braces++
    if (token?.text === '}' && token.kind === 'punctuator') braces--
    if (braces > 0) continue
    const next = tokens[index + 1]
    if (token?.kind === 'word' && token.text === 'from' && next?.kind === 'string') return index + 1
    if (token?.kind === 'string' || token?.text === ';' || token?.text === '=') return undefined
    // a braces-only export without `from` ends at its brace
    if (token?.text === '}' && next?.text !== 'from') return undefined
  }
  return undefined
}

const isProperty = (tokens: readonly Token[], index: number): boolean =>
  tokens[index - 1]?.text === '.' || tokens[index + 1]?.text === ':'

function importAt(tokens: readonly Token[], index: number): Import | undefined {
  const word = tokens[index]
  const next = tokens[index + 1]
  if (word?.kind !== 'word' || next === undefined || isProperty(tokens, index)) return undefined
  const { line } = word
  if (word.text === 'import') {
    if (next.kind === 'string') return { specifier: next.text, line, typeOnly: false, lazy: false }
    if (next.text === '(') {
      const argument = tokens[index + 2]
      // a computed specifier cannot be checked, so it is reported as one that no rule allows
      const specifier = argument?.kind === 'string' ? argument.text : '(computed)'
      return { specifier, line, typeOnly: false, lazy: true }
    }
    if (next.text === '.') return undefined
  } else if (word.text !== 'export') return undefined
  const hasType = next.text === 'type' && tokens[index + 2]?.text !== 'from'
  const first = tokens[index + (hasType ? 2 : 1)]
  if (word.text === 'export' && first?.text !== '{' && first?.text !== '*') return undefined
  const from = fromClause(tokens, index + 1)
  const specifier = from === undefined ? undefined : tokens[from]?.text
  return specifier === undefined ? undefined : { specifier, line, typeOnly: hasType, lazy: false }
}

/** Every module that a source names, by import, re-export or `import()`. */
export function importsOf(tokens: readonly Token[]): Import[] {
  return tokens.flatMap((_, index) => importAt(tokens, index) ?? [])
}

/** What a source has at its top level besides `export { names } from 'module'`: the lines of the intruders. */
export function linesThatAreNoReExport(tokens: readonly Token[]): number[] {
  const lines: number[] = []
  let index = 0
  while (index < tokens.length) {
    const token = tokens[index]
    const found = token?.text === 'export' ? importAt(tokens, index) : undefined
    const named = tokens[index + 1]?.text !== '*' && tokens[index + 2]?.text !== '*'
    if (found !== undefined && named) index = (fromClause(tokens, index + 1) ?? index) + 1
    else if (token?.text === ';') index++
    else {
      lines.push(token?.line ?? 0)
      // the rest of this line says nothing new
      while (tokens[index]?.line === token?.line && index < tokens.length) index++
    }
  }
  return lines
}
