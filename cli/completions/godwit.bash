# Completion of godwit for bash.

_godwit()
{
	local cur prev words cword split
	_init_completion -s || return

	local common='--code --code-file --code-words --listen --timeout
		--retry --limit-rate --memory --checksum --json --no-progress
		--quiet --verbose --help'
	local command=${words[1]}

	if ((cword == 1)); then
		COMPREPLY=($(compgen -W \
			'send recv partials help --help --version' -- "$cur"))
		return
	fi

	case $prev in
	--code-file | --files-from)
		_filedir
		return
		;;
	--output | -o)
		_filedir -d
		return
		;;
	--to | --from)
		_known_hosts_real -- "$cur"
		return
		;;
	--on-conflict)
		COMPREPLY=($(compgen -W \
			'ask rename skip overwrite newer' -- "$cur"))
		return
		;;
	--code-words)
		COMPREPLY=($(compgen -W '2 3 4 5 6 7 8' -- "$cur"))
		return
		;;
	--clear)
		COMPREPLY=($(compgen -W "$(godwit partials 2>/dev/null |
			sed -n '2,$s/ .*//p')" -- "$cur"))
		return
		;;
	--code | --listen | --timeout | --retry | --limit-rate | --memory | \
		--name | --exclude | --reply | --max-size)
		return
		;;
	esac
	$split && return

	case $command in
	send)
		if [[ $cur == -* ]]; then
			COMPREPLY=($(compgen -W "$common --to --name --exclude
				--files-from --null --dry-run --compress
				--classic --reply --no-reply" \
				-- "$cur"))
		else
			_filedir
		fi
		;;
	recv)
		COMPREPLY=($(compgen -W "$common --from --output --yes --once
			--on-conflict --archive --stdout --classic --reply
			--max-size --keep-partial" -- "$cur"))
		;;
	partials)
		COMPREPLY=($(compgen -W \
			'--clear --clear-all --json --help' -- "$cur"))
		;;
	help)
		COMPREPLY=($(compgen -W 'send recv partials' -- "$cur"))
		;;
	esac
} &&
	complete -F _godwit godwit
