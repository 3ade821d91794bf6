# Completion of godwit for fish.

set -l commands send recv dgram partials sockets help
complete -c godwit -f
complete -c godwit -n __fish_use_subcommand -l version -d 'Print the version'
complete -c godwit -s h -l help -d 'Explain'
complete -c godwit -n __fish_use_subcommand -a send -d 'Send files and directories'
complete -c godwit -n __fish_use_subcommand -a recv -d 'Receive files and directories'
complete -c godwit -n __fish_use_subcommand -a dgram -d 'Exchange plain UDP datagrams'
complete -c godwit -n __fish_use_subcommand -a partials -d 'List or clear what interrupted transfers left'
complete -c godwit -n __fish_use_subcommand -a sockets -d 'Show TCP and UDP sockets and their states'
complete -c godwit -n __fish_use_subcommand -a help -d 'Explain a command'
complete -c godwit -n '__fish_seen_subcommand_from help' -a 'send recv dgram partials sockets'

# `dgram send` is no `send`.
set -l no_dgram 'not __fish_seen_subcommand_from dgram'
set -l both "__fish_seen_subcommand_from send recv; and $no_dgram"
complete -c godwit -n "$both" -l code -x -d 'The code; - takes it from elsewhere'
complete -c godwit -n "$both" -l code-file -r -F -d 'Read the code from a file'
complete -c godwit -n "$both" -l code-words -x -a '2 3 4 5 6 7 8' -d 'Words of a code that is made'
complete -c godwit -n "$both" -l listen -x -d 'Where to wait'
complete -c godwit -n "$both" -l timeout -x -d 'End a connection on which nothing moves'
complete -c godwit -n "$both" -l retry -x -d 'How long to try to go on'
complete -c godwit -n "$both" -l limit-rate -x -d 'At most this fast: 800mbit, 100MB'
complete -c godwit -n "$both" -l memory -x -d 'Memory for data in flight'
complete -c godwit -n "$both" -l checksum -d 'When going on, compare what is there'
complete -c godwit -n "$both" -l json -d 'Tell events as JSON'
complete -c godwit -n "$both" -l no-progress -d 'No live line'
complete -c godwit -n "$both" -s q -l quiet -d 'Say only what must be known'
complete -c godwit -n "$both" -s v -l verbose -d 'Say more'

set -l send "__fish_seen_subcommand_from send; and $no_dgram"
complete -c godwit -n "$send" -F
complete -c godwit -n "$send" -l to -x -a '(__fish_print_hostnames)' -d 'Connect to a waiting recv'
complete -c godwit -n "$send" -l name -x -d 'Name of standard input there'
complete -c godwit -n "$send" -l exclude -x -d 'Leave out what matches'
complete -c godwit -n "$send" -l files-from -r -F -d 'Send only what a file lists'
complete -c godwit -n "$send" -s 0 -l null -d 'That list has NULs'
complete -c godwit -n "$send" -s n -l dry-run -d 'Only list'
complete -c godwit -n "$send" -s z -l compress -d 'Compress where it is faster'

set -l recv '__fish_seen_subcommand_from recv'
complete -c godwit -n $recv -l from -x -a '(__fish_print_hostnames)' -d 'Connect to a waiting send'
complete -c godwit -n $recv -s o -l output -x -a '(__fish_complete_directories)' -d 'Put it there'
complete -c godwit -n $recv -s y -l yes -d 'Accept without asking'
complete -c godwit -n $recv -l once -d 'Leave after one transfer'
complete -c godwit -n $recv -l on-conflict -x -a 'ask rename skip overwrite newer' -d 'When a name is taken'
complete -c godwit -n $recv -s a -l archive -d 'Hard links and attributes'
complete -c godwit -n $recv -l stdout -d 'Write content to standard output'

set -l partials '__fish_seen_subcommand_from partials'
complete -c godwit -n $partials -l clear -x -a '(godwit partials 2>/dev/null | sed -n \'2,$s/^\([^ ]*\) */\1\t/p\')' -d 'Remove one'
complete -c godwit -n $partials -l clear-all -d 'Remove all'
complete -c godwit -n $partials -l json -d 'List as JSON'

set -l sockets '__fish_seen_subcommand_from sockets'
complete -c godwit -n $sockets -s w -l watch -d 'Follow them'
complete -c godwit -n $sockets -s e -l explain -d 'Say what the states mean'
complete -c godwit -n $sockets -s d -l details -d 'All that is known'
complete -c godwit -n $sockets -s p -l processes -d 'Who has it open'
complete -c godwit -n $sockets -s r -l names -d 'Names of addresses'
complete -c godwit -n $sockets -l json -d 'Tell it as JSON'
complete -c godwit -n $sockets -s v -l verbose -d 'Say how it is found out'
complete -c godwit -n $sockets -a 'tcp udp ipv4 ipv6 listening established connected TIME_WAIT CLOSE_WAIT SYN_SENT'
set -l dgram '__fish_seen_subcommand_from dgram'
set -l part 'not __fish_seen_subcommand_from listen send'
complete -c godwit -n "$dgram; and $part" -a listen -d 'Show what arrives, and answer it'
complete -c godwit -n "$dgram; and $part" -a send -d 'Send one and show what is answered'
complete -c godwit -n $dgram -l interface -x -a '(ls /sys/class/net)' -d 'Only this interface'
complete -c godwit -n $dgram -l ttl -x -d 'Routers on the way, at most'
complete -c godwit -n $dgram -l hex -d 'Show bytes in hexadecimal'
complete -c godwit -n $dgram -l json -d 'Tell everything as JSON'
complete -c godwit -n $dgram -s q -l quiet -d 'Say only what must be known'
complete -c godwit -n $dgram -s v -l verbose -d 'Say more'
complete -c godwit -n $dgram -l count -x -d 'So many datagrams'
complete -c godwit -n $dgram -l wait -x -d 'How long to wait'

set -l listen "$dgram; and __fish_seen_subcommand_from listen"
complete -c godwit -n "$listen" -l reply -x -a 'echo time upper text: exec:' -d 'Answer each'
complete -c godwit -n "$listen" -l group -x -d 'Hear this multicast group too'
complete -c godwit -n "$listen" -l deadline -x -d 'End a command of exec: then'
complete -c godwit -n "$listen" -l buffer -x -d 'Ask the kernel to hold so much'

set -l dgram_send "$dgram; and __fish_seen_subcommand_from send"
complete -c godwit -n "$dgram_send" -l broadcast -d 'To every host'
complete -c godwit -n "$dgram_send" -l interval -x -d 'From one to the next'
complete -c godwit -n "$dgram_send" -l all -d 'Go on after the first answer'
