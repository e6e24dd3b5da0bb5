"""The support desk: questions and their answers, what is known, who helps whom."""
