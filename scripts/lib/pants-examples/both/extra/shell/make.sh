cat /dev/null > made.txt
