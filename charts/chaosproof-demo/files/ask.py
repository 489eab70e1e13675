"""Asks every URL that it is given 20 times, and ends with 1 if an answer was anything but 200."""

import sys
import urllib.error
import urllib.request

wrong = 0
for url in sys.argv[1:]:
    said = []
    for _ in range(20):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                said.append(answer.status)
        except urllib.error.HTTPError as error:
            said.append(error.code)
        except OSError as error:
            said.append(str(error))
    print(f"{url}: {said.count(200)} of {len(said)} answers are 200", *{word for word in said if word != 200})
    wrong += len(said) - said.count(200)
sys.exit(bool(wrong))
