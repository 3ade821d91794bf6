# Completion of godwit for bash.

_godwit_devices()
{
	godwit devices 2>/dev/null | sed -n '/  [0-9a-f]\{64\}$/s/ .*//p'
}

_godwit()
{
	local cur prev words cword split
	_init_completion -s || return

	local common='--code --code-file --remember --code-words --listen --carrier
		--no-discovery --congestion --background --timeout --retry --limit-rate --memory --checksum --json --no-progress --qr
		--quiet --verbose --trace --help'
	local command=${words[1]}

	if ((cword == 1)); then
		COMPREPLY=($(compgen -W \
			'send recv stream dgram forward serve relay peers devices pair partials sockets trace doctor help --help --version' \
			-- "$cur"))
		return
	fi

	case $prev in
	--code-file | --files-from | --trace)
		_filedir
		return
		;;
	--output | -o)
		if [[ $command == trace ]]; then
			_filedir
		else
			_filedir -d
		fi
		return
		;;
	--with)
		_known_hosts_real -- "$cur"
		return
		;;
	--to | --from)
		_known_hosts_real -- "$cur"
		COMPREPLY+=($(compgen -W "$(_godwit_devices)" -- "$cur"))
		return
		;;
	--for)
		COMPREPLY=($(compgen -W "$(_godwit_devices)" -- "$cur"))
		return
		;;
	--interface)
		COMPREPLY=($(compgen -W "$(ls /sys/class/net)" -- "$cur"))
		return
		;;
	--reply)
		COMPREPLY=($(compgen -W 'echo time upper text: exec:' \
			-- "$cur"))
		compopt -o nospace
		return
		;;
	--on-conflict)
		COMPREPLY=($(compgen -W \
			'ask rename skip overwrite newer' -- "$cur"))
		return
		;;
	--carrier)
		COMPREPLY=($(compgen -W 'auto udp tcp' -- "$cur"))
		return
		;;
	--source)
		COMPREPLY=($(compgen -W 'interface interface:keep-port keep' \
			-- "$cur"))
		return
		;;
	--congestion)
		COMPREPLY=($(compgen -W 'bbr cubic ledbat' -- "$cur"))
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
		--name | --exclude | --reply | --max-size | --max-files | --exec | --exec-timeout | --group | --count | \
		--wait | --deadline | --buffer | --ttl | --interval | \
		--session | --local | --explain | --metrics | --drain | --every | \
		--responses)
		return
		;;
	esac
	$split && return

	case $command in
	send)
		if [[ $cur == -* ]]; then
			COMPREPLY=($(compgen -W "$common --to --for --name --exclude
				--files-from --null --dry-run --compress
				--classic --reply --no-reply" \
				-- "$cur"))
		else
			_filedir
		fi
		;;
	recv)
		COMPREPLY=($(compgen -W "$common --from --from-known --output --yes --once
			--on-conflict --archive --stdout --classic --reply
			--max-size --max-files --exec --exec-timeout
			--keep-partial" -- "$cur"))
		;;
	dgram)
		local both='--interface --ttl --hex --json --quiet --verbose
			--help'

		if ((cword == 2)); then
			COMPREPLY=($(compgen -W 'listen send --help' -- "$cur"))
		elif [[ ${words[2]} == listen ]]; then
			COMPREPLY=($(compgen -W "$both --reply --group --count
				--wait --deadline --buffer" -- "$cur"))
		elif [[ $cur == -* ]]; then
			COMPREPLY=($(compgen -W "$both --broadcast --count
				--interval --wait --all" -- "$cur"))
		else
			_known_hosts_real -- "$cur"
		fi
		;;
	forward)
		COMPREPLY=($(compgen -W '--local --rules --to --explain
			--responses --via --reverse --carrier --metrics --drain
			--json --every --no-live --quiet --verbose --help' -- "$cur"))
		;;
	serve)
		COMPREPLY=($(compgen -W '--for --allow-forward --listen
			--carrier --metrics --json --every --no-live --quiet
			--verbose --help' -- "$cur"))
		;;
	stream)
		local both='--code --code-file --no-discovery --carrier
			--congestion --timeout --memory --quiet --verbose
			--help'

		if ((cword == 2)); then
			COMPREPLY=($(compgen -W 'listen connect --help' \
				-- "$cur"))
		elif [[ ${words[2]} == listen ]]; then
			COMPREPLY=($(compgen -W "$both --keep --for
				--code-words --qr" -- "$cur"))
		elif [[ $cur == -* ]]; then
			COMPREPLY=($(compgen -W "$both" -- "$cur"))
		else
			_known_hosts_real -- "$cur"
			COMPREPLY+=($(compgen -W "$(_godwit_devices)" \
				-- "$cur"))
		fi
		;;
	peers)
		COMPREPLY=($(compgen -W '--watch --wait --json --help' -- "$cur"))
		;;
	devices)
		if ((cword == 2)); then
			COMPREPLY=($(compgen -W 'rename forget name --json
				--help' -- "$cur"))
		elif [[ ${words[2]} == rename || ${words[2]} == forget ]]; then
			COMPREPLY=($(compgen -W "$(_godwit_devices)" -- "$cur"))
		fi
		;;
	pair)
		COMPREPLY=($(compgen -W '--no-discovery --with --code-file --code-words
			--listen --carrier --json --qr --quiet --verbose --help' \
			-- "$cur"))
		;;
	partials)
		COMPREPLY=($(compgen -W \
			'--clear --clear-all --json --help' -- "$cur"))
		;;
	sockets)
		COMPREPLY=($(compgen -W '--watch --explain --details
			--processes --names --json --verbose --help tcp udp
			godwit ipv4 ipv6 listening established connected TIME_WAIT
			CLOSE_WAIT SYN_SENT local= remote= state= proc=' \
			-- "$cur"))
		;;
	trace)
		if [[ $cur == -* ]]; then
			COMPREPLY=($(compgen -W '--all --session --svg --html
				--output --help' -- "$cur"))
		else
			_filedir
		fi
		;;
	relay)
		COMPREPLY=($(compgen -W '--between --from --group --source
			--allow --deny --rate --replies --peer --via --for
			--listen --no-discovery --carrier --explain --metrics
			--every --json --quiet --verbose --help ssdp mdns wol dhcp
			godwit' -- "$cur"))
		;;
	doctor)
		if [[ $cur == -* ]]; then
			COMPREPLY=($(compgen -W '--json --verbose --help' \
				-- "$cur"))
		else
			_known_hosts_real -- "$cur"
		fi
		;;
	help)
		COMPREPLY=($(compgen -W \
			'send recv stream dgram forward serve relay peers devices pair partials sockets trace doctor' -- "$cur"))
		;;
	esac
} &&
	complete -F _godwit godwit
