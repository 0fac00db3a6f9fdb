"""Notifications by e-mail, over SMTP.

Takes from the outbox that the store keeps, sends outside of any transaction, and writes down what was sent. Decides
neither what practitioners are told nor what of it is mailed: ``domain/notification.py`` does.
"""
