/**
 * The scripts that make a shell ask `ringbus complete -- WORD...` for words.
 *
 * @module
 */

/** The scripts by shell. Where there is no candidate, files are offered. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# bash completion of ringbus: source <(ringbus completion bash)
_ringbus() {
  local line
  COMPREPLY=()
  while IFS=$'\\t' read -r line _; do
    COMPREPLY+=("$(printf '%q' "$line")")
  done < <(ringbus complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _ringbus ringbus
`,
  zsh: `#compdef ringbus
# zsh completion of ringbus: source <(ringbus completion zsh), after compinit
_ringbus() {
  local line word
  local -a words_with_meaning
  while IFS= read -r line; do
    word="\${line%%$'\\t'*}"
    words_with_meaning+=("\${word//:/\\\\:}:\${line#*$'\\t'}")
  done < <(ringbus complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#words_with_meaning} )); then
    _describe ringbus words_with_meaning
  else
    _files
  fi
}
if [ "\${funcstack[1]}" = _ringbus ]; then
  _ringbus "$@"
else
  compdef _ringbus ringbus
fi
`,
  fish: `# fish completion of ringbus: ringbus completion fish | source
function __ringbus_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (ringbus complete -- $words[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c ringbus -f -a '(__ringbus_complete)'
`,
};
