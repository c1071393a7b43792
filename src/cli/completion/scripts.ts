/**
 * Completion scripts. Each hands the words typed so far to the program's hidden `__complete` command and shows what
 * comes back: candidates, one a line with an optional description after a tab, then `:N`, where 2 in N asks for no
 * blank after the word and 4 for no file names.
 */

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof SHELLS)[number];

/** The script for a shell; `program` is the name that users type. */
export function completionScript(shell: Shell, program: string): string {
  const id = program.replaceAll(/[^A-Za-z0-9_]/g, '_');
  return SCRIPTS[shell](program, id);
}

const SCRIPTS: Readonly<Record<Shell, (program: string, id: string) => string>> = {
  bash: (program, id) => `# bash completion for ${program}                              -*- shell-script -*-

__${id}_complete() {
    local typed=\${COMP_LINE:0:COMP_POINT} answer directive line
    local -a words
    COMPREPLY=()
    # Words are cut at blanks only: bash's own list breaks them at = and :.
    read -r -a words <<< "$typed"
    [[ $typed == *" " ]] && words+=("")
    local current=\${words[\${#words[@]}-1]}
    answer=$(\${words[0]} __completeNoDesc "\${words[@]:1}" 2>/dev/null) || return
    directive=\${answer##*:}
    answer=\${answer%:*}
    # What bash replaces begins after the last = of the word.
    local cut=
    [[ $current == *=* && $COMP_WORDBREAKS == *=* ]] && cut=\${current%"\${current##*=}"}
    while IFS= read -r line; do
        [[ -n $line ]] && COMPREPLY+=("\${line#"$cut"}")
    done <<< "$answer"
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    if ((\${#COMPREPLY[@]} == 0 && !(directive & 4))); then
        compopt -o filenames 2>/dev/null
        while IFS= read -r line; do
            COMPREPLY+=("$line")
        done < <(compgen -f -- "\${current##*=}")
    fi
}

complete -o default -F __${id}_complete ${program}

# ex: ts=4 sw=4 et filetype=sh
`,
  zsh: (program, id) => `#compdef ${program}
compdef _${id} ${program}

# zsh completion for ${program}                               -*- shell-script -*-

_${id}() {
    local answer line directive
    local -a candidates options
    answer=("\${(@f)$(\${words[1]} __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
    for line in "\${answer[@]}"; do
        if [[ $line == :<-> ]]; then
            directive=\${line#:}
        elif [[ -n $line ]]; then
            # A colon separates word and description for _describe.
            candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}\${\${(M)line%%*$'\\t'*}:+:\${line#*$'\\t'}}")
        fi
    done
    ((directive & 2)) && options+=(-S '')
    if ((\${#candidates})); then
        _describe -V completions candidates "\${options[@]}"
    elif ((!(directive & 4))); then
        _files
    fi
}

# don't run the completion function when being source-ed or eval-ed
if [ "$funcstack[1]" = "_${id}" ]; then
    _${id}
fi
`,
  fish: (program, id) => `# fish completion for ${program}                              -*- shell-script -*-

function __${id}_answer
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    $words[1] __complete $words[2..-1] "$current" 2>/dev/null
end

function __${id}_candidates
    __${id}_answer | string match -v -r '^:[0-9]+$'
end

function __${id}_wants_files
    set -l directive (__${id}_answer | string match -r '^:[0-9]+$' | string sub -s 2)
    test -n "$directive"; and test (math "bitand($directive, 4)") -eq 0
    and test -z (__${id}_candidates | string collect)
end

complete -c ${program} -e
complete -c ${program} -f -a '(__${id}_candidates)'
complete -c ${program} -F -n '__${id}_wants_files'
`,
  powershell: (program) => `# powershell completion for ${program}                        -*- shell-script -*-

Register-ArgumentCompleter -Native -CommandName '${program}' -ScriptBlock {
    param($WordToComplete, $CommandAst, $CursorPosition)
    $words = @($CommandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
    if ($WordToComplete -eq '') { $words += '""' }
    $program = $CommandAst.CommandElements[0].ToString()
    Invoke-Expression "$program __complete $($words -join ' ') 2>&1" |
        Where-Object { $_ -is [string] -and $_ -notmatch '^:\\d+$' } |
        ForEach-Object {
            $word, $description = $_ -split "\\t", 2
            if (-not $description) { $description = $word }
            [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $description)
        }
}
`,
};
