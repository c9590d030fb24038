/** An option that takes one value is given once: of two the first would be dropped without a word. */
import { InvalidArgumentError, type Command, type Option } from 'commander'

export function refuseRepeated(program: Command): void {
  for (const command of program.commands) {
    command.options.filter(takesOneValue).forEach(refuseSecond)
    refuseRepeated(command)
  }
}

const takesOneValue = ({ required, variadic, parseArg }: Option): boolean =>
  required && !variadic && !parseArg

function refuseSecond(option: Option): void {
  let isGiven = false
  option.argParser((value: string) => {
    if (isGiven)
      throw new InvalidArgumentError(`${option.long ?? option.flags} is given twice, and takes one value.`)
    isGiven = true
    return value
  })
}
